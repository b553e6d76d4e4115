// A run of ingest whose broker, database or both stop answering at some moment, while nothing closes a connection.
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunResult, runOnce } from '../../functions/ingest/run.ts';
import type { Lab } from '../../lab/lab.ts';
import { startProxy } from '../../lab/proxy.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';

export const SILENCED = ['broker', 'database', 'both'] as const;
export type Silenced = (typeof SILENCED)[number];

/** How long a run may last beyond its time guard, in milliseconds. */
export const MOST_BEYOND_MS = 5_000;

/**
 * Milliseconds after a run's start, the same each time: more of them early, when a run connects, asks for the lease and subscribes, one of them
 * at once, and the last when its guard has ended it.
 */
export const momentsOf = (count: number, guardMs: number): number[] =>
  Array.from({ length: count }, (_, n) => Math.round((n / (count - 1)) ** 2 * (guardMs + 200)));

/** @param atMs when it falls silent, in milliseconds after the run's start. @returns how the run ended. */
export async function runSilenced(
  rig: Lab,
  clientId: string,
  what: Silenced,
  atMs: number,
  guardMs: number,
): Promise<RunResult> {
  const [broker, database] = [await startProxy(rig.broker.port), await startProxy(rig.postgres.port, { delayMs: 3 })];
  const url = new URL(rig.env(clientId).EXTERNAL_DATABASE_CONNECTION_STRING!);
  url.port = String(database.port);
  const settings = rig.settings(clientId, {
    EXTERNAL_DATABASE_CONNECTION_STRING: url.href,
    MQTT_BROKER_URL: `mqtts://127.0.0.1:${broker.port}`,
    MQTT_GATE_KEY_FILE: rig.broker.stampKeyFile,
    INGEST_TIME_GUARD_MS: String(guardMs),
  });
  const running = runOnce(settings, keepLog().log, never);
  await sleep(atMs);
  if (what !== 'database') broker.silence();
  if (what !== 'broker') database.silence();
  const result = await running;
  await Promise.all([broker.stop(), database.stop()]);
  return result;
}
