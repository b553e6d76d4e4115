// The long-lived way to run the jobs: waits for the lease; while it holds the lease, it ingests and does every periodic job on one
// schedule.
import { createSummary } from '../ingest/accounting.ts';
import { eachBroker } from '../ingest/brokers.ts';
import type { CanaryReport } from '../ingest/canary.ts';
import { runFrom, type SourceSettings } from '../ingest/run-from.ts';
import { maintain } from '../ingest/session.ts';
import type { Logger } from '../runtime/log.ts';
import { pause } from '../runtime/retry.ts';
import { followLease } from './follow-lease.ts';
import { startPeriodicJobs } from './periodic.ts';

const SUMMARY_EVERY_MS = 10_000;
/** How often a worker without the lease asks for it. */
const ASK_EVERY_MS = 1_000;

/** Runs until the signal is aborted; then finishes the current writes, acknowledges them and releases the leases. */
export async function runWorker(settings: SourceSettings, log: Logger, signal: AbortSignal): Promise<void> {
  const [first, ...others] = 'kafka' in settings ? [settings] : eachBroker(settings);
  const ending = new AbortController();
  const until = AbortSignal.any([signal, ending.signal]);
  // One that cannot go on ends the others, and the process with it, which its supervisor starts again.
  const logOf = (source: SourceSettings) =>
    others.length > 0 && 'broker' in source ? log.child({ broker: source.broker.host }) : log;
  const ended = (source: SourceSettings, jobs: boolean) =>
    ingestFrom(source, logOf(source), until, jobs).finally(() => ending.abort());
  const all = await Promise.allSettled([ended(first!, true), ...others.map((other) => ended(other, false))]);
  for (const one of all) if (one.status === 'rejected') throw one.reason;
}

/** @param withJobs true: while it has its lease, it does the periodic jobs, too. */
async function ingestFrom(
  settings: SourceSettings,
  log: Logger,
  signal: AbortSignal,
  withJobs: boolean,
): Promise<void> {
  const summary = createSummary();
  let canaryAgeSeconds: number | undefined;
  const onCanary = ({ ageSeconds }: CanaryReport) => {
    canaryAgeSeconds = ageSeconds;
  };
  const report = () => {
    const done = summary.take();
    if (done.batches > 0) log.info({ ...done, canaryAgeSeconds }, 'mqtt_ingest worker');
  };
  const reporting = setInterval(report, SUMMARY_EVERY_MS);
  log.info({ clientId: settings.clientId }, 'worker started');
  try {
    await followLease({
      name: settings.clientId,
      address: settings.database,
      log,
      signal,
      beforeAsking: (refused) => (refused ? pause(ASK_EVERY_MS, signal) : Promise.resolve()),
      work: async (lease, database) => {
        // Readings need today's partition.
        await maintain(database, log);
        const jobs = withJobs ? startPeriodicJobs(settings.database, log) : undefined;
        try {
          const end = await runFrom(settings, { database, lease, log, signal, onWritten: summary.add, onCanary });
          if (end === 'lease-lost') log.warn({}, 'another run has taken the lease over');
        } finally {
          await jobs?.stop();
        }
      },
    });
  } finally {
    clearInterval(reporting);
    report();
    log.info({}, 'worker stopped');
  }
}
