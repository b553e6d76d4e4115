// A timer's run, from a real broker into a real database.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { poison, refusePoison } from '../../tests/support/poison.ts';
import { runOnce } from './run.ts';

let rig: Lab;
beforeAll(async () => {
  rig = await startLab({ devices: 7, broker: MANY_SESSIONS });
  await refusePoison(rig.admin);
});
afterAll(() => rig.stop());

const iso = (second: number) => new Date(Date.now() - 60_000 + second * 1000).toISOString();
const run = (clientId: string, overrides?: Record<string, string>) =>
  runOnce(rig.settings(clientId, overrides), keepLog().log, never);

/** Runs once, so that the session exists; then what is published waits for it. */
async function subscribe(clientId: string): Promise<void> {
  expect((await run(clientId)).outcome).toBe('idle');
}

test('drains what waits on the broker, each message once, and logs one summary', async () => {
  const device = rig.devices[0]!;
  await subscribe('drains');
  await device.publish(Array.from({ length: 500 }, (_, n) => `{"ts":"${iso(n / 10)}","n":${n}}`));
  const { log, lines } = keepLog('info');
  const result = await runOnce(rig.settings('drains'), log, never);
  expect(result).toMatchObject({ outcome: 'idle', received: 500, stored: 500, duplicate: 0, rejected: 0 });
  expect(result.tenants).toEqual({ acme: { received: 500, stored: 500, duplicate: 0, rejected: 0, overQuota: 0 } });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ service: 'mqtt_ingest', level: 'info', msg: 'mqtt_ingest run', stored: 500 });
  const rows = await rig.rows(device);
  expect(rows.map(({ payload }) => (payload as { n: number }).n)).toEqual(Array.from({ length: 500 }, (_, n) => n));
  expect(await run('drains')).toMatchObject({ outcome: 'idle', received: 0 });
});

test('a malformed message becomes a dead letter with its bytes, the rest of its batch is stored', async () => {
  const device = rig.devices[1]!;
  await subscribe('malformed');
  const bad = [Buffer.from([0xff, 0xfe]), '{"a":', '1', '', '{"a":"\\u0000"}', '{"ts":"yesterday"}'];
  await device.publish(['{"n":1}', ...bad, '{"n":2}'], { properties: { contentType: 'application/json' } });
  expect(await run('malformed')).toMatchObject({ received: 8, stored: 2, rejected: 6, carefulBatches: 0 });
  expect(await rig.rows(device)).toHaveLength(2);
  const letters = await rig.deadLetters(device);
  expect(letters.map(({ reason }) => reason)).toEqual([
    ...['not-utf8', 'not-json', 'not-an-object', 'empty', 'nul-character', 'bad-timestamp'],
  ]);
  expect(letters.map(({ payload }) => payload)).toEqual(bad.map((payload) => Buffer.from(payload)));
});

test('a row that only the database refuses is found and the others are stored, by two connections, of which none stays', async () => {
  const device = rig.devices[2]!;
  await subscribe('poison');
  await device.publish([...Array.from({ length: 50 }, (_, n) => `{"n":${n}}`), poison(), '{"n":"last"}']);
  expect(await run('poison')).toMatchObject({ stored: 51, rejected: 1, duplicate: 0, carefulBatches: 1 });
  expect(await rig.rows(device)).toHaveLength(51);
  const [letter] = await rig.deadLetters(device);
  expect(letter).toMatchObject({ reason: 'database-rejected', payload: Buffer.from(poison()) });
  const connections = "select from pg_stat_activity where application_name = 'mqtt_ingest'";
  await expect.poll(async () => (await rig.admin.query(connections)).rowCount).toBe(0);
  expect(letter?.detail).toMatch(/^22/);
});

test('an unregistered device is a dead letter of its tenant; one registered a moment later is not', async () => {
  // The broker lets it in: it was registered when the accounts were written.
  const stranger = rig.devices[6]!;
  await rig.admin.query('delete from public.devices where id = $1', [stranger.id]);
  await subscribe('registry');
  await stranger.publish(['{"n":1}']);
  expect(await run('registry')).toMatchObject({ received: 1, rejected: 1 });
  const [letter] = await rig.deadLetters(stranger);
  const { rows } = await rig.admin.query<{ id: string }>("select id from public.tenants where slug = 'acme'");
  expect(letter).toMatchObject({ reason: 'unknown-device', tenant_id: rows[0]?.id });
  const { rows: added } = await rig.admin.query<{ id: string }>(
    "insert into public.devices (tenant_id, slug, name) values ($1, $2, 'x') returning id",
    [rows[0]?.id, stranger.device],
  );
  await stranger.publish(['{"n":2}']);
  expect(await run('registry')).toMatchObject({ received: 1, stored: 1 });
  expect(await rig.rows({ ...stranger, id: added[0]!.id })).toHaveLength(1);
});

test('QoS 0 messages are stored too, and two tenants are counted apart', async () => {
  await subscribe('tenants');
  const [acme, umbrella] = [rig.devices[3]!, rig.devices.at(-1)!];
  await umbrella.publish(['{"message_id":1}', '{"message_id":1}', '{"n":2}']);
  // The run ends when nothing came for a second: no time to connect in.
  const client = await acme.connect();
  const running = run('tenants');
  await expect.poll(() => rig.rows(umbrella)).toHaveLength(2);
  await client.publishAsync(acme.topic, '{"n":1}', { qos: 0 });
  expect((await running).tenants).toEqual({
    umbrella: { received: 3, stored: 2, duplicate: 1, rejected: 0, overQuota: 0 },
    acme: { received: 1, stored: 1, duplicate: 0, rejected: 0, overQuota: 0 },
  });
  await client.endAsync();
});

test('a run takes no more than its cap; the rest waits for the next', async () => {
  const device = rig.devices[4]!;
  await subscribe('cap');
  await device.publish(Array.from({ length: 25 }, (_, n) => `{"ts":"${iso(n)}"}`));
  expect(await run('cap', { INGEST_BATCH_CAP: '10' })).toMatchObject({ outcome: 'cap', received: 10, stored: 10 });
  expect(await run('cap')).toMatchObject({ outcome: 'idle', received: 15, stored: 15 });
});

test('a run ends at its time guard although messages keep coming', async () => {
  const device = rig.devices[5]!;
  await subscribe('guard');
  const publishing = setInterval(() => void device.publish([`{"ts":"${iso(0)}"}`]).catch(() => {}), 300);
  const result = await run('guard', { INGEST_TIME_GUARD_MS: '2000' });
  clearInterval(publishing);
  expect(result.outcome).toBe('time-guard');
  expect(result.received).toBe(result.stored + result.duplicate);
});
