// Where the metrics are. Read while the Function App's host waits for the triggers: so without a schema library, and never an error,
// which would keep ingest from starting, too.
import type { Environment } from './environment.ts';

const DEFAULT = 'api/metrics';
const PATH = /^\/?(api\/[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*)$/;

/** Path below the origin, without a slash before it; undefined unless PROMETHEUS_ENABLED is `true`. One that is not below `api/`, where the
 * Function App has all its pages, counts as the default. */
export function metricsPath(environment: Environment = process.env): string | undefined {
  if (environment.PROMETHEUS_ENABLED !== 'true') return undefined;
  return PATH.exec(environment.PROMETHEUS_PATH ?? DEFAULT)?.[1] ?? DEFAULT;
}
