// The brokers that ingest drains: one, or two where there is a standby. Each has a session, a lease and canaries of its own, so one that is
// dead or slow does not keep the other one waiting.
import type { IngestSettings } from '../settings/ingest.ts';

/** Settings for each broker, the first one first. Beside it, the lease of the second has another name: both are drained at once. */
export const eachBroker = (settings: IngestSettings): IngestSettings[] =>
  settings.brokers.map((broker, index) => ({
    ...settings,
    broker,
    clientId: index === 0 ? settings.clientId : `${settings.clientId}-standby`,
  }));
