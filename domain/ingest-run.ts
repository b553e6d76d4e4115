// How much one run of ingest does before it ends.

/** Bounds of a run: what may be configured for the Function App, and what holds unless configured. */
export const INGEST_RUN = {
  /** Most messages. */
  batchCap: { least: 1, most: 100_000, normal: 5_000 },
  /** Milliseconds after which it takes nothing more; shorter than the minute between runs, and the app's own time limit. */
  timeGuardMs: { least: 1_000, most: 540_000, normal: 45_000 },
} as const;
