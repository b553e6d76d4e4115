// Limits of one ingest run.

/** What may be configured for the Function App, and the defaults. */
export const INGEST_RUN = {
  /** Maximum number of messages. */
  batchCap: { least: 1, most: 100_000, normal: 5_000 },
  /** Milliseconds after which a run takes no more messages; less than the minute between runs, and than the app's own limit. */
  timeGuardMs: { least: 1_000, most: 540_000, normal: 45_000 },
} as const;
