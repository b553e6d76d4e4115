// The long-lived way to run ingest: waits for the lease, drains for as long as it holds it, and starts over.

import { type Database, openDatabase } from '../database/connection.ts';
import { acquireLease, type Lease } from '../database/lease.ts';
import { classify } from '../database/sqlstate.ts';
import { takeOver } from '../ingest/account-handover.ts';
import { maintain, runSession } from '../ingest/session.ts';
import { createSummary } from '../ingest/summary.ts';
import { describeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { backoffMs, pause } from '../runtime/retry.ts';
import type { IngestSettings } from '../settings/ingest.ts';
import { startChores } from './periodic.ts';

const SUMMARY_EVERY_MS = 10_000;
const MAINTAIN_EVERY_MS = 3_600_000;
/** How often a worker without the lease asks for it. */
const ASK_EVERY_MS = 3_000;
const BACKOFF = { baseMs: 500, capMs: 10_000 };

/** Runs until the signal is aborted; then finishes the write under way, acknowledges it and gives the lease back. */
export async function runWorker(settings: IngestSettings, log: Logger, signal: AbortSignal): Promise<void> {
  const database = openDatabase(settings.database);
  const summary = createSummary();
  const report = () => {
    const done = summary.take();
    if (done.batches > 0) log.info(done, 'mqtt_ingest worker');
  };
  const reporting = setInterval(report, SUMMARY_EVERY_MS);
  let failures = 0;
  let waiting = false;
  log.info({ clientId: settings.clientId }, 'worker started');
  try {
    while (!signal.aborted) {
      try {
        const lease = await acquireLease(database, settings.clientId);
        failures = 0;
        if (lease) {
          waiting = false;
          log.info({ fence: String(lease.fence) }, 'lease acquired');
          await drainWhileHeld(settings, database, lease, log, signal, summary.add);
        } else {
          if (!waiting) log.info({}, 'another run holds the lease; waiting for it');
          waiting = true;
          await pause(ASK_EVERY_MS, signal);
        }
      } catch (error) {
        const kind = classify(error);
        if (kind === 'unknown') throw error;
        const retryInMs = Math.round(backoffMs(failures, BACKOFF));
        failures += 1;
        log.warn({ error: describeError(error), kind, failures, retryInMs }, 'database not ready, will try again');
        await pause(retryInMs, signal);
      }
    }
  } finally {
    clearInterval(reporting);
    report();
    await database.close();
    log.info({}, 'worker stopped');
  }
}

async function drainWhileHeld(
  settings: IngestSettings,
  database: Database,
  lease: Lease,
  log: Logger,
  signal: AbortSignal,
  onWritten: ReturnType<typeof createSummary>['add'],
): Promise<void> {
  await maintain(database, log);
  const maintaining = setInterval(() => void maintain(database, log), MAINTAIN_EVERY_MS);
  const chores = startChores(settings.database, log);
  try {
    const session = { settings, database, lease, log, signal, onWritten };
    const takenOver = settings.previous ? await takeOver(session, settings.previous) : 'idle';
    const end = takenOver === 'idle' ? await runSession(session) : takenOver;
    if (end === 'lease-lost') log.warn({}, 'another run has taken the lease over');
  } finally {
    clearInterval(maintaining);
    await chores.stop();
    await lease.release();
  }
}
