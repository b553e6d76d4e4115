// Ingest's key is replaced while 200 devices publish: nothing is lost, no device is disconnected, no run of ingest fails.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { type RunningInstance, readInstance } from '../local/instance.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { deleteServiceAccount } from '../provisioning/database/registry.ts';
import { type PlatformProcess, removePlatform, startPlatformProcess } from './support/platform-process.ts';
import { addLoadDevices, type Publishers, startPublishers } from './support/publishers.ts';

const DEVICES = 200;
/** Messages that are published at a time, one by each device, and the pause between: what ingest can keep up with. */
const BATCH = DEVICES;
const PAUSE_MS = 500;
const TIMEOUT_MS = 180_000;

const name = `rotation-${randomBytes(4).toString('hex')}`;
let platform: PlatformProcess;
let instance: RunningInstance;
beforeAll(async () => {
  platform = await startPlatformProcess(name, 'program');
  instance = readInstance(name)!;
}, 90_000);
afterAll(async () => {
  platform?.child.kill('SIGTERM');
  await platform?.exited;
  removePlatform(name);
});

test(`${DEVICES} devices through a rotation, back, forth again and to its end`, { timeout: TIMEOUT_MS }, async () => {
  const publishers = await startPublishers(
    { url: `mqtts://localhost:${instance.mqttPort}`, certificates: { caFile: instance.caFile } },
    await addLoadDevices(
      instance.databaseUrl,
      Array.from({ length: DEVICES }, (_, n) => ({ tenant: 'load', device: `d${n}` })),
    ),
  );
  const before = brokerLog().length;
  const ingestBefore = ingestLog().length;
  let isOver = false;
  const load = publishWhile(publishers, () => !isOver);

  expect(await rotate('--dry-run')).toMatch(/^to do svc-ingest-2 is in the registry/m);
  // It asks whether the broker accepts the new account, which newer brokers write down when they refuse.
  expect(brokerLog().slice(before)).not.toMatch(/New client connected \S+ \S+ as svc-ingest-2/);
  expect(await rotate()).toMatch(signsInAs('svc-ingest-2'));
  expect(await rotate('--dry-run', '--finish')).toMatch(/^done {2}ingest signs in as svc-ingest-2\n/);
  await expect(rotate()).rejects.toThrow(/generations 1 and 2 are both in force: end that rotation first/);
  expect(await rotate('--back')).toMatch(signsInAs('svc-ingest'));
  expect(await rotate()).toMatch(signsInAs('svc-ingest-2'));
  expect(await rotate('--finish')).toMatch(/✓ the broker refuses svc-ingest\n/);
  await expect(rotate('--back')).rejects.toThrow(/only generation 2 is in force/);
  isOver = true;
  await load;

  // The end of a rotation changes ingest's account, so ingest connects again.
  await expect.poll(() => rotate('--finish', '--dry-run'), { timeout: 20_000 }).not.toContain('to do');
  const { acknowledged } = publishers;
  await expect.poll(() => rowsOf(acknowledged), { timeout: 60_000, interval: 500 }).toBe(acknowledged.size);
  expect(acknowledged.size).toBeGreaterThan(5 * BATCH);
  // Devices publish on through every reload; ingest's sessions end in order.
  expect(brokerLog().slice(before)).not.toMatch(/Client load\.\S+ (closed|disconnected|has exceeded|already)/);
  const runs = ingestLog().slice(ingestBefore).trim().split('\n');
  const troubles = runs.filter((line) => (JSON.parse(line) as { level: string | number }).level !== 'info');
  expect(troubles).toEqual([]);
  await publishers.stop();
});

test('an account that was taken away behind its back is entered again before ingest is told to use it', {
  timeout: TIMEOUT_MS,
}, async () => {
  await rotate();
  expect(await rotate('--back')).toMatch(signsInAs('svc-ingest-2'));
  await withConnection(instance.databaseUrl, (client) => deleteServiceAccount(client, 'svc-ingest-3'));
  expect(await rotate('--dry-run')).toMatch(/^to do svc-ingest-3 is in the registry/m);
  const again = await rotate();
  expect(again).toMatch(/✓ svc-ingest-3 is in the registry[^(]*\n/);
  expect(again).toMatch(signsInAs('svc-ingest-3'));
});

/** The last step's line; it was so already where ingest was quicker than the command. */
const signsInAs = (account: string) => new RegExp(`✓ ingest signs in as ${account}(?: \\(unchanged\\))?\n`);

/** Runs the command as a person does. @throws with what it says. */
async function rotate(...options: string[]): Promise<string> {
  const words = [join(ROOT, 'ops/main.ts'), 'rotate', 'ingest', '--target', `local:${name}`, ...options];
  return (await promisify(execFile)(process.execPath, words, { cwd: ROOT })).stdout;
}

const brokerLog = () => readFileSync(instance.brokerLog, 'utf8');
const ingestLog = () => readFileSync(join(dirname(instance.ingestAccountFile), 'ingest.log'), 'utf8');

async function publishWhile(publishers: Publishers, goesOn: () => boolean): Promise<void> {
  do {
    await publishers.publish(BATCH);
    await sleep(PAUSE_MS);
  } while (goesOn());
}

function rowsOf(ids: ReadonlySet<string>): Promise<number> {
  return withConnection(instance.databaseUrl, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::int as count from public.telemetry as r join public.tenants as t on t.id = r.tenant_id
       where t.slug = 'load' and r.payload ->> 'id' = any ($1)`,
      [[...ids]],
    );
    return rows[0]!.count;
  });
}
