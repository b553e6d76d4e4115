// Which event hub the Function App reads. Read while the app's host waits for the triggers: so without a schema library, and never an
// error, which would keep the other functions from starting, too.
import type { Environment } from './environment.ts';

/** The hub and its consumer group; undefined: none is read. */
export function eventHub(
  { EVENT_HUB_NAME: name, EVENT_HUB_GROUP: group }: Environment = process.env,
): { name: string; group: string } | undefined {
  return name ? { name, group: group || '$Default' } : undefined;
}
