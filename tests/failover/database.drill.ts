// The fail-over of the database under load: the primary is killed, its replica is promoted, and the address that ingest has leads there.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type IngestWorker, startIngestWorker } from '../../lab/ingest-worker.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { startProxy, type TcpProxy } from '../../lab/proxy.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';
import { connect } from '../../provisioning/database/connect.ts';
import { type Pair, startPair } from './replica.ts';

const DEVICES = 10;
const EVERY_MS = 20;
/** From the primary's end to the first reading stored in the new one. */
const MOST_MS = 15_000;

let dir: string;
let pair: Pair;
let lab: Lab;
let address: TcpProxy;
let worker: IngestWorker;
let load: { acknowledged: Set<number>; stop(): Promise<void> };
beforeEach(async () => {
  dir = makeScratchDir();
  pair = await startPair(dir);
  lab = await startLab({ devices: DEVICES, on: pair.primary });
  address = await startProxy(pair.primary.port);
  const { EXTERNAL_DATABASE_CONNECTION_STRING: direct = '', ...env } = lab.env('drill');
  const url = Object.assign(new URL(direct), { port: String(address.port) }).href;
  const session = Promise.withResolvers<void>();
  worker = startIngestWorker({
    env: { ...env, EXTERNAL_DATABASE_CONNECTION_STRING: url, LOG_LEVEL: 'debug' },
    logFile: join(dir, 'ingest.log'),
    onLog: ({ msg }) => String(msg).startsWith('connected to the broker') && session.resolve(),
  });
  await session.promise;
  load = await startLoad();
});
afterEach(async () => {
  await load?.stop();
  await worker?.stop();
  await lab?.stop();
  await address?.stop();
  await pair?.stop();
  rmSync(dir, { recursive: true });
});

/** Each device publishes `{"n":…}` at a steady pace, whatever the database does. */
async function startLoad() {
  const acknowledged = new Set<number>();
  const ending = new AbortController();
  let next = 0;
  const clients = await Promise.all(lab.devices.slice(0, DEVICES).map((device) => device.connect()));
  const running = clients.map(async (client, index) => {
    while (!ending.signal.aborted) {
      next += 1;
      const n = next;
      await client.publishAsync(lab.devices[index]!.topic, `{"n":${n}}`, { qos: 1 });
      acknowledged.add(n);
      await sleep(EVERY_MS);
    }
    await client.endAsync();
  });
  return {
    acknowledged,
    stop: async () => {
      ending.abort();
      await Promise.all(running);
    },
  };
}

const numbersIn = async (client: Client): Promise<Set<number>> => {
  const { rows } = await client.query<{ n: number }>("select (payload->>'n')::int as n from public.telemetry");
  return new Set(rows.map(({ n }) => n));
};

/** Kills the primary, promotes the replica, leads the address there. @returns a connection to it, and the time to the first new reading. */
async function failOver(): Promise<{ client: Client; ms: number }> {
  const gone = Date.now();
  pair.primary.child.kill('SIGKILL');
  address.cut();
  const client = await connect(pair.replica.url);
  await client.query('select pg_promote()');
  const { rows } = await client.query<{ n: number }>(
    "select coalesce(max((payload->>'n')::int), 0) as n from public.telemetry",
  );
  address.lead(pair.replica.port);
  address.restore();
  const newer = "select 1 from public.telemetry where (payload->>'n')::int > $1 limit 1";
  await expect.poll(async () => (await client.query(newer, [rows[0]!.n])).rowCount, { interval: 50 }).toBe(1);
  return { client, ms: Date.now() - gone };
}

/** What was acknowledged, and is stored nowhere although all is drained. */
async function lostIn(client: Client): Promise<number> {
  await load.stop();
  const last = Math.max(...load.acknowledged);
  await expect.poll(async () => (await numbersIn(client)).has(last), { interval: 200 }).toBe(true);
  await sleep(2_000);
  const known = await numbersIn(client);
  return [...load.acknowledged].filter((n) => !known.has(n)).length;
}

test('a synchronous replica: ingest is back in seconds, and nothing acknowledged is lost', async () => {
  await pair.setSynchronous(true);
  await sleep(5_000);
  const { client, ms } = await failOver();
  try {
    await sleep(3_000);
    const lost = await lostIn(client);
    console.log(
      `synchronous: ${JSON.stringify({ 'back after, s': ms / 1000, acknowledged: load.acknowledged.size, lost })}`,
    );
    expect(ms).toBeLessThan(MOST_MS);
    expect(lost).toBe(0);
  } finally {
    await client.end();
  }
});

test('a replica that was behind: what it had not got is lost, and this drill sees it', async () => {
  await sleep(2_000);
  pair.replication.cut();
  await sleep(3_000);
  const { client } = await failOver();
  try {
    const lost = await lostIn(client);
    console.log(`asynchronous, 3 s behind: ${JSON.stringify({ acknowledged: load.acknowledged.size, lost })}`);
    expect(lost).toBeGreaterThan(0);
  } finally {
    await client.end();
  }
});
