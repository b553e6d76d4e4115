// What a worker does beside draining, at intervals, on a database connection of its own: readings never wait for it.
import { evaluateAlertsIfPossible } from '../alerts/evaluate.ts';
import type { DatabaseAddress } from '../database/address.ts';
import { openDatabase } from '../database/connection.ts';
import { carryOutRedrives } from '../ingest/redrive-requests.ts';
import type { Logger } from '../runtime/log.ts';
import { pause } from '../runtime/retry.ts';

/** Somebody waits in front of the dashboard. */
const REDRIVE_EVERY_MS = 3_000;
const EVALUATE_EVERY_MS = 60_000;

/** Begins at once. Await `stop`: what is under way is finished first. */
export function startChores(address: DatabaseAddress, log: Logger): { stop(): Promise<void> } {
  const database = openDatabase(address);
  const stopping = new AbortController();
  const { signal } = stopping;
  const every = async (ms: number, chore: () => Promise<void>) => {
    while (!signal.aborted) {
      await chore();
      await pause(ms, signal);
    }
  };
  const running = [
    every(REDRIVE_EVERY_MS, () => carryOutRedrives(database, log)),
    every(EVALUATE_EVERY_MS, () => evaluateAlertsIfPossible(database, log)),
  ];
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(running);
      await database.close();
    },
  };
}
