// The long-lived way to ingest from a cluster: takes the leases of partitions that are free, and ingests each while it holds its lease. Any
// number of workers may run; of two the one with fewer partitions asks sooner.
import { consumerOf, PARTITIONS } from '../../domain/cluster.ts';
import { createSummary } from '../ingest/accounting.ts';
import { maintain, runSession } from '../ingest/session.ts';
import { jetStreamSource } from '../jetstream/jetstream-source.ts';
import type { Logger } from '../runtime/log.ts';
import { pause } from '../runtime/retry.ts';
import type { ClusterSettings } from '../settings/cluster.ts';
import { followLease } from './follow-lease.ts';
import { startPeriodicJobs } from './periodic.ts';

const SUMMARY_EVERY_MS = 10_000;
/** How often a worker asks for a partition that another one holds, for each that it holds itself and one more. */
const ASK_EVERY_MS = 1_500;
/** Between the first questions for two partitions: two workers that start together get two each. */
const STAGGER_MS = 300;
/** The worker that holds this partition does the periodic jobs. */
const OF_THE_JOBS = 0;

/** Runs until the signal is aborted; then finishes what it writes, and gives its leases back. */
export async function runPartitions(settings: ClusterSettings, log: Logger, signal: AbortSignal): Promise<void> {
  const summary = createSummary();
  const held = new Set<number>();
  const report = () => {
    const done = summary.take();
    if (done.batches > 0) log.info({ ...done, partitions: [...held] }, 'mqtt_ingest worker');
  };
  const reporting = setInterval(report, SUMMARY_EVERY_MS);
  log.info({ partitions: PARTITIONS }, 'worker started');

  const follow = async (partition: number) => {
    const about = log.child({ partition });
    await pause(STAGGER_MS * partition, signal);
    await followLease({
      name: consumerOf(partition),
      address: settings.database,
      log: about,
      signal,
      beforeAsking: (refused) => pause(ASK_EVERY_MS * (held.size + (refused ? 1 : 0)), signal),
      work: async (lease, database) => {
        held.add(partition);
        const jobs = partition === OF_THE_JOBS ? startPeriodicJobs(settings.database, log) : undefined;
        try {
          // Readings need today's partition of the table.
          await maintain(database, log);
          const open = jetStreamSource(settings.cluster, partition);
          const end = await runSession({ open, database, lease, log, signal, onWritten: summary.add });
          if (end === 'lease-lost') about.warn({}, 'another worker has taken the lease over');
        } finally {
          held.delete(partition);
          await jobs?.stop();
        }
      },
    });
  };

  try {
    await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => follow(partition)));
  } finally {
    clearInterval(reporting);
    report();
    log.info({}, 'worker stopped');
  }
}
