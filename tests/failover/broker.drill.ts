// The fail-over of the broker under load, by real DNS: devices know one name. A person types the command ten seconds after the machine is
// gone.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DESIRED_CHANNEL, devicePrefix } from '../../domain/topics.ts';
import type { IngestWorker } from '../../lab/ingest-worker.ts';
import { type Load, startLoad } from './load.ts';
import { ADDRESSES, type Role } from './network.ts';
import { BROKER, type Rig, seenAddress, startRig } from './rig.ts';

const DEVICES = 20;
const PERSON_MS = 10_000;
/** From the machine's end to the first reading that came through the other one. */
const MOST_MS = 120_000;

let rig: Rig;
let load: Load;
let worker: IngestWorker;
beforeAll(async () => {
  rig = await startRig(DEVICES);
  worker = await rig.ingest();
  load = await startLoad(rig.lab.devices.slice(0, DEVICES), BROKER, rig.ca);
});
afterAll(async () => {
  await load?.stop();
  await worker?.stop();
  await rig?.stop();
});

const figures = (name: string, values: Record<string, number | string>) =>
  console.log(`${name}: ${JSON.stringify(values)}`);

/** Numbers of readings that are stored, and in how many rows. */
async function stored(): Promise<Map<number, number>> {
  const { rows } = await rig.lab.admin.query<{ n: number; rows: number }>(
    "select (payload->>'n')::int as n, count(*)::int as rows from public.telemetry group by 1",
  );
  return new Map(rows.map(({ n, rows: count }) => [n, count]));
}

const missing = async (numbers: Iterable<number>): Promise<number[]> => {
  const known = await stored();
  return [...numbers].filter((n) => !known.has(n));
};

/** Types the command. */
const start = (to: Role): ChildProcess =>
  spawn(process.execPath, [join(import.meta.dirname, 'fail-over.ts'), to], {
    env: { ...process.env, ...rig.failOverEnvironment() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** The same. @param killAfter the number of steps after which it is ended. @returns what it said. */
async function failOver(to: Role, killAfter = Number.POSITIVE_INFINITY): Promise<string[]> {
  const child = start(to);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    lines.push(line);
    if (lines.filter((each) => each.startsWith('✓')).length === killAfter) child.kill('SIGKILL');
  }
  return lines;
}

/** Milliseconds from then until a reading is stored that this machine acknowledged after that. */
async function untilStoredThrough(role: Role, since: number): Promise<number> {
  const before = new Set(load.acknowledged[role]);
  await expect
    .poll(async () => {
      const fresh = [...load.acknowledged[role]].filter((n) => !before.has(n));
      return fresh.length > 0 && (await missing(fresh)).length < fresh.length;
    })
    .toBe(true);
  return Date.now() - since;
}

/** What the device is told that is desired of it, when it asks now. */
async function desiredOf(index: number): Promise<string> {
  const { username, key, tenant, device } = rig.lab.devices[index]!;
  const client = await mqtt.connectAsync(`mqtts://${BROKER}:8883`, {
    username,
    password: key,
    clientId: username,
    protocolVersion: 5,
    ca: rig.ca,
  });
  const told = new Promise<string>((resolve) => client.once('message', (_, payload) => resolve(String(payload))));
  await client.subscribeAsync(`${devicePrefix(tenant, device)}/${DESIRED_CHANNEL}`, { qos: 1 });
  try {
    return await told;
  } finally {
    await client.endAsync(true);
  }
}

test('a machine that is off the network: devices come back by the name, and nothing acknowledged is lost when it is back', async () => {
  // A device that does not publish.
  const { id } = rig.lab.devices[DEVICES]!;
  await rig.lab.admin.query(
    `insert into public.device_state (tenant_id, device_id, desired, desired_version, desired_at, next_at)
     select tenant_id, id, '{"interval": 5}', 1, now(), now() from public.devices where id = $1`,
    [id],
  );
  expect(JSON.parse(await desiredOf(DEVICES))).toEqual({ interval: 5 });

  await sleep(5_000);
  const gone = Date.now();
  rig.network.setLink('primary', 'down');
  const through = untilStoredThrough('standby', gone);
  await sleep(PERSON_MS);
  const said = await failOver('standby');
  expect(said.filter((line) => line.startsWith('✓'))).toHaveLength(5);
  expect(said.at(-1)).toContain('The primary does not answer');
  const ms = await through;
  // The new broker knows it from the command alone.
  expect(JSON.parse(await desiredOf(DEVICES))).toEqual({ interval: 5 });
  await sleep(5_000);
  const lost = (await missing(load.acknowledged.primary)).length;
  rig.network.setLink('primary', 'up');
  await expect.poll(() => missing(load.acknowledged.primary)).toEqual([]);
  figures('off the network', { 'first stored through the standby, s': ms / 1000, 'missing until it was back': lost });
  expect(ms).toBeLessThan(MOST_MS);
});

test('back the same way, killed at every step', async () => {
  for (const steps of [1, 2]) await failOver('primary', steps);
  // In the middle of the change, before Cloudflare has answered.
  const changed = new Promise<void>((resolve) => {
    rig.cloudflare.onChange = resolve;
  });
  const child = start('primary');
  await changed;
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  for (const steps of [3, 4]) await failOver('primary', steps);
  const said = await failOver('primary');
  expect(said.filter((line) => line.includes('(unchanged)'))).toHaveLength(4);
  expect(said.join('\n')).toContain('To make them move: ssh');
  expect(await seenAddress()).toBe(ADDRESSES.primary);
  // What the last line says, on the standby.
  await rig.machines.standby.order('stop');
  await rig.machines.standby.start();
  await untilStoredThrough('primary', Date.now());
});

test('a machine that dies: what its disk has comes back with it, and the rest is what came since its last save', async () => {
  // As between two runs of the timer: what comes waits on the broker.
  await worker.stop();
  await sleep(5_000);
  const saved = new Set(load.acknowledged.primary);
  await rig.machines.primary.order('save');
  await sleep(2_000);
  await rig.machines.primary.order('kill');
  const gone = Date.now();
  rig.network.setLink('primary', 'down');
  worker = await rig.ingest(1);
  const through = untilStoredThrough('standby', gone);
  await sleep(PERSON_MS);
  await failOver('standby');
  const ms = await through;
  await sleep(5_000);
  const acknowledged = new Set(load.acknowledged.primary);
  const withoutDisk = (await missing(acknowledged)).length;
  rig.network.setLink('primary', 'up');
  await rig.machines.primary.start();
  await expect.poll(() => missing(saved)).toEqual([]);
  await sleep(5_000);
  const lost = await missing(acknowledged);
  figures('killed', {
    'first stored through the standby, s': ms / 1000,
    'missing without the disk': withoutDisk,
    'missing with it': lost.length,
    'acknowledged since the last save': acknowledged.size - saved.size,
  });
  expect(ms).toBeLessThan(MOST_MS);
  expect(lost.filter((n) => saved.has(n))).toEqual([]);
  expect(lost.length).toBeLessThanOrEqual(acknowledged.size - saved.size);
});

test('no reading with a time of its own is stored twice', async () => {
  const { rows } = await rig.lab.admin.query(
    "select count(*)::int as n from (select from public.telemetry where payload ? 'ts' group by payload->>'n' having count(*) > 1) as twice",
  );
  expect(rows).toEqual([{ n: 0 }]);
});
