// The local platform under kills: fifteen, three of them the broker's. What is lost is what the broker had not saved yet, as on the machine.
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeScratchDir, makeServiceDir } from '../lab/unprivileged.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { addLoadDevices, startPublishers } from '../tests/support/publishers.ts';
import { type Platform, startPlatform } from './platform.ts';

const ROUNDS = 3;
const TIMEOUT_MS = 400_000;

let dir: string;
let platform: Platform;
const log: Record<string, unknown>[] = [];
const said: string[] = [];
beforeAll(async () => {
  dir = makeScratchDir();
  platform = await startPlatform({
    name: 'kills',
    dir: makeServiceDir(join(dir, 'platform')),
    onIngestLog: (entry) => log.push(entry),
    onTrouble: (message) => said.push(message),
  });
}, TIMEOUT_MS);
afterAll(async () => {
  await platform?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const count = (msg: string) => log.filter((entry) => entry.msg === msg).length;
const query = <R>(sql: string, values: unknown[] = []) =>
  withConnection(platform.instance.databaseUrl, async (client) => (await client.query(sql, values)).rows as R[]);

/** Kills a part, and waits until the supervisor has it running again. */
async function kill(part: 'ingest' | 'database' | 'broker') {
  const { child } = platform[part].current;
  child.kill('SIGKILL');
  await expect.poll(() => platform[part].current.child !== child, { timeout: 60_000 }).toBe(true);
}

test('fifteen kills under load lose only what the broker acknowledged after its last save', {
  timeout: TIMEOUT_MS,
}, async () => {
  const devices = await addLoadDevices(platform.instance.databaseUrl, [{ tenant: 'load', device: 'd1' }]);
  const publishers = await startPublishers(platform.broker.current, devices);
  let stopped = false;
  const load = (async () => {
    while (!stopped) {
      await publishers.publish(50);
      await sleep(50);
    }
  })();
  /** From which to which acknowledgement, in order, may be lost. */
  const unsaved: { from: number; to: number }[] = [];
  await expect.poll(() => count('lease acquired'), { timeout: 60_000 }).toBe(1);
  for (let round = 0; round < ROUNDS; round++) {
    for (const part of ['ingest', 'database', 'ingest', 'database'] as const) {
      const before = count('lease acquired');
      await kill(part);
      if (part === 'ingest') await expect.poll(() => count('lease acquired'), { timeout: 60_000 }).toBe(before + 1);
    }
    const saved = await nextSave(publishers.acknowledged);
    await kill('broker');
    unsaved.push({ from: saved, to: publishers.acknowledged.size });
  }
  stopped = true;
  await load;
  await publishers.stop();

  // A dead worker's lease was never waited for.
  expect(count('another run holds the lease; waiting for it')).toBe(0);
  const ids = [...publishers.acknowledged];
  const kept = ids.filter((_, index) => !unsaved.some(({ from, to }) => index >= from && index < to));
  expect(kept.length).toBeGreaterThan(500);
  const missing = async () => {
    const rows = await query<{ id: string }>(
      "select unnest($1::text[]) as id except select payload ->> 'id' from public.telemetry",
      [kept],
    );
    return rows.length;
  };
  await expect.poll(missing, { timeout: 60_000 }).toBe(0);
  const [rows] = await query<{ rows: string; ids: string }>(
    "select count(*) as rows, count(distinct payload ->> 'id') as ids from public.telemetry",
  );
  expect(rows!.rows).toBe(rows!.ids);
});

/**
 * Waits for the next save. Returns how many acknowledgements it holds at least: the broker does one thing at a time, so what had been
 * acknowledged before the save was seen to be unfinished is in it.
 */
async function nextSave(acknowledged: ReadonlySet<string>): Promise<number> {
  const file = join(platform.broker.current.stateDir, 'mosquitto.db');
  const before = existsSync(file) ? statSync(file).mtimeMs : 0;
  const held = acknowledged.size;
  await expect.poll(() => (existsSync(file) ? statSync(file).mtimeMs : 0), { timeout: 60_000 }).not.toBe(before);
  return held;
}
