// The two pages, for whatever serves them: the Function App's HTTP triggers, or the worker's own server.
import { openDatabase } from '../database/connection.ts';
import type { HealthSettings } from '../settings/health.ts';
import { examine, type Findings, judge, TIMEOUT_MS } from './check.ts';
import { METRICS_TYPE, renderMetrics } from './metrics.ts';

/** An answer to GET. */
export interface Page {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The pages of one process. */
export interface Pages {
  /** 503 when readings or commands do not get through, otherwise 200; JSON that names each part. */
  health(): Promise<Page>;
  /** 200 with the figures, whatever they say. */
  metrics(): Promise<Page>;
  close(): Promise<void>;
}

/** Both pages share what was found for so long: however often somebody asks, broker and database are asked this often. */
const FRESH_MS = 1_000;

/** Connects when first asked. */
export function makePages(settings: HealthSettings): Pages {
  // Nobody waits longer for an answer: without a bound, questions to a silent database would queue up.
  const database = openDatabase(settings.database, () => TIMEOUT_MS);
  let found: Promise<Findings> | undefined;
  const look = () => {
    found ??= examine(database, settings).finally(() => setTimeout(() => (found = undefined), FRESH_MS).unref());
    return found;
  };
  return {
    health: async () => {
      const health = judge(await look());
      const status = health.status === 'degraded' ? 503 : 200;
      return page(status, 'application/json', `${JSON.stringify(health)}\n`);
    },
    metrics: async () => page(200, METRICS_TYPE, await renderMetrics(await look(), settings.databaseLimitBytes)),
    close: () => database.close(),
  };
}

const page = (status: number, type: string, body: string): Page => ({
  status,
  headers: { 'content-type': type, 'cache-control': 'no-store' },
  body,
});
