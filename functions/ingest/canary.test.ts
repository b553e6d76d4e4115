// The canary, from a real broker into a real database: what no ledger sees turns it red.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { CANARY_TOPIC, TELEMETRY_FILTER } from '../../domain/topics.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { openDatabase } from '../database/connection.ts';
import { acquireLease } from '../database/lease.ts';
import { CANARY_LOST, type CanaryReport } from './canary.ts';
import { runMqttSession } from './mqtt-session.ts';
import { runOnce } from './run.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ devices: [{ tenant: 'acme', device: 'pump' }] });
});
afterAll(() => lab?.stop());

const run = async (clientId: string) => {
  const { log, lines } = keepLog('info');
  const result = await runOnce(lab.settings(clientId), log, never);
  return { ...result, said: lines.map(({ msg }) => msg) };
};
const canary = async (clientId: string) => {
  const { rows } = await lab.admin.query(
    `select published_at is not null as published, came_at is not null as came, missed_at is not null as missed
     from ingest.canaries where session = $1`,
    [`${clientId} svc-ingest`],
  );
  return rows[0];
};
/** What no device and no ledger notices: the broker starts without what it had promised to keep. */
async function loseSession() {
  await lab.broker.kill();
  rmSync(join(lab.dir, 'broker/state/mosquitto.db'), { force: true });
  await lab.startBroker();
}

test('the canary of one run comes with the next, counts as no reading, and leaves no dead letter', async () => {
  expect(await run('comes')).toMatchObject({ outcome: 'idle', canaryAgeSeconds: undefined });
  expect(await canary('comes')).toEqual({ published: true, came: false, missed: false });
  expect(await run('comes')).toMatchObject({
    outcome: 'idle',
    received: 0,
    unstamped: 0,
    canaryAgeSeconds: expect.any(Number),
  });
  expect(await canary('comes')).toEqual({ published: true, came: true, missed: false });
  const { rows } = await lab.admin.query(
    'select (select count(*) from public.dead_letters)::int as letters, (select count(*) from public.ingest_ledger)::int as lines',
  );
  expect(rows).toEqual([{ letters: 0, lines: 0 }]);
});

test('a session that the broker has forgotten: the next run says so, although its ledger adds up', async () => {
  await run('forgotten');
  expect(await run('forgotten')).toMatchObject({ outcome: 'idle' });
  await lab.devices[0]!.publish(['{"n":1}', '{"n":2}']);
  await loseSession();
  const after = await run('forgotten');
  expect(after).toMatchObject({ outcome: 'canary-lost', received: 0, canaryAgeSeconds: expect.any(Number) });
  expect(after.said).toContain(CANARY_LOST);
  expect(await canary('forgotten')).toMatchObject({ missed: true });
  expect(await run('forgotten')).toMatchObject({ outcome: 'idle' });
});

/**
 * Takes ingest's right to read: its connection and its subscription stand, devices are acknowledged, and nothing is delivered. So do a
 * fault of the broker and an operator's mistake look.
 */
function deafen() {
  const file = join(lab.dir, 'broker/registry');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(` read:${TELEMETRY_FILTER} `, ' '));
  onTestFinished(() => writeFileSync(file, text));
}

test('a worker that is connected and gets nothing says so at its next canary', async () => {
  const settings = lab.settings('deaf');
  const { log, lines } = keepLog('info');
  const database = openDatabase(settings.database);
  const lease = (await acquireLease(database, 'deaf'))!;
  const stopping = new AbortController();
  const reports: CanaryReport[] = [];
  const session = { settings, database, lease, log, signal: stopping.signal, canaryEveryMs: 1_500 };
  const running = runMqttSession({ ...session, onWritten: () => {}, onCanary: (report) => reports.push(report) });
  onTestFinished(async () => {
    stopping.abort();
    await running;
    await lease.release();
    await database.close();
  });
  await expect.poll(() => reports.length, { timeout: 20_000 }).toBeGreaterThan(2);
  expect(reports.every(({ isLost }) => !isLost)).toBe(true);
  expect(reports.at(-1)!.ageSeconds).toBeLessThan(60);
  deafen();
  await expect.poll(() => reports.at(-1), { timeout: 20_000 }).toMatchObject({ isLost: true });
  await lab.devices[0]!.publish(['{"n":4}']);
  expect(await lab.rows(lab.devices[0]!)).toEqual([]);
  expect(lines.filter(({ msg }) => msg === CANARY_LOST).length).toBeGreaterThan(0);
});

test('no device may send one', async () => {
  const device = await lab.devices[0]!.connect();
  onTestFinished(() => device.endAsync(true));
  await expect(device.publishAsync(CANARY_TOPIC, '1 comes', { qos: 1 })).rejects.toThrow(/Not authorized/);
});
