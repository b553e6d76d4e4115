// When a part of the platform counts as late or near its end: the thresholds that the health page, the operators' alerts and their reports
// share.

/** Seconds, hours, days. */
export const HEALTH_LIMITS = {
  /** Ingest runs every minute; a run takes up to 45 s. */
  ingestLateSeconds: 180,
  /** The newest message that came through, of a timer that runs every minute. */
  ingestLagSeconds: 180,
  /** The control loop works every second in the worker, every minute in the Function App. */
  controlLateSeconds: 180,
  /** A periodic job that runs at least every minute. One of RARE_JOBS_S has its interval in addition. */
  jobLateSeconds: 900,
  /** A backup is made every night. */
  backupHours: 26,
  /** Of the broker's certificate, which is replaced 30 days before its end. */
  certificateDays: 14,
} as const;

/** Seconds between two turns of the periodic jobs that run less often than every minute. */
export const RARE_JOBS_S = { prune: 600, maintain: 3600, retire: 600, count_usage: 900, pack_readings: 3600 } as const;
