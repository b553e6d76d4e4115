// Commands and desired states on their way from the tables to a device, through a real broker, and what the device answers.
import { setTimeout as sleep } from 'node:timers/promises';
import type mqtt from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { readPlans } from '../../bench/support/plans.ts';
import { type Lab, type LabDevice, startLab } from '../../lab/lab.ts';
import { addDevice, readRegistry } from '../../provisioning/database/registry.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { NO_MATCHING_SUBSCRIBERS } from '../broker/index.ts';
import { type Database, openDatabase } from '../database/connection.ts';
import { runOnce } from '../ingest/run.ts';
import { everyMinute } from '../periodic/every-minute.ts';
import { JOBS } from '../periodic/jobs.ts';
import { readControlSettings } from '../settings/control.ts';
import { createControl } from './loop.ts';
import { publishWork, type Work } from './publish.ts';

let lab: Lab;
let database: Database;
let pump: LabDevice;
let valve: LabDevice;

beforeAll(async () => {
  lab = await startLab({
    devices: [
      { tenant: 'acme', device: 'pump' },
      { tenant: 'acme', device: 'valve' },
      { tenant: 'umbrella', device: 'hive' },
    ],
    broker: { config: { maxMessageBytes: 16 * 1024 } },
  });
  [pump, valve] = lab.devices as [LabDevice, LabDevice];
  database = openDatabase(lab.settings('x').database);
  // Its session is on the broker from now on.
  await runOnce(lab.settings('mqtt-ingest'), keepLog().log, never);
});
afterAll(async () => {
  await database?.close();
  await lab?.stop();
});
afterEach(() => lab.admin.query('delete from public.device_commands; delete from public.device_state'));

const environment = () => ({ ...lab.env('x'), MQTT_CONTROL_PASSWORD: lab.serviceKey });
/** What the Function App's timer starts. */
const minute = () => everyMinute({ info: () => {}, warn: () => {}, error: () => {} }, lab.env('x'), JOBS);

/** A control loop; ended when the test ends. */
function startControl(settings = () => readControlSettings(environment())) {
  const control = createControl(settings);
  onTestFinished(control.end);
  return { end: control.end, turn: (leftMs = 20_000) => control.run(database, keepLog().log, () => leftMs) };
}

test("a command through the minute's run reaches a device that acknowledges, and is known to be done", async () => {
  for (const [name, value] of Object.entries(environment())) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const device = await listen(pump, 'commands/+', (id, text) => ({ id, result: JSON.parse(text) }));
  const id = await ask(pump, { valve: 'open' });
  expect(await minute()).toMatchObject({ outcome: 'done' });
  await expect.poll(() => device.received).toEqual([{ topic: `commands/${id}`, text: '{"valve": "open"}' }]);
  await drain();
  expect(await states()).toEqual([{ state: 'acknowledged', error: null, result: { valve: 'open' } }]);
  // Nothing is due, so it needs no broker.
  vi.stubEnv('MQTT_CONTROL_PASSWORD', '');
  await lab.admin.query('delete from ingest.job_runs');
  expect(await minute()).toMatchObject({ outcome: 'done' });
  await ask(pump, { valve: 'shut' });
  await lab.admin.query('delete from ingest.job_runs');
  const { turns } = await minute();
  expect(turns.find(({ job }) => job === 'control')).toMatchObject({ ok: false });
  expect(await states()).toMatchObject([{ state: 'acknowledged' }, { state: 'waiting' }]);
});

test.each([4, 5] as const)(
  'a device without acknowledgements, version %i: away, there, asleep, heard',
  async (version) => {
    const { turn } = startControl();
    await ask(pump, { n: 1 });
    await turn();
    expect(await states()).toMatchObject([{ state: 'waiting', error: null }]);
    // Connected, but it does not listen; then it listens.
    const device = await listen(pump, undefined, undefined, version);
    await again();
    await turn();
    expect(await states()).toMatchObject([{ state: 'waiting' }]);
    await device.client.subscribeAsync(`${device.prefix}commands`, { qos: 1 });
    await again();
    await turn();
    await expect.poll(() => device.received).toEqual([{ topic: 'commands', text: '{"n": 1}' }]);
    // It may as well have been a session that waits for its device: it is sent when the device has been heard since.
    await turn();
    expect(await states()).toMatchObject([{ state: 'waiting' }]);
    await pump.publish(['{"t":1}']);
    await drain();
    await turn();
    expect(await states()).toMatchObject([{ state: 'sent' }]);
    await again('1 day');
    await turn();
    expect(device.received).toHaveLength(1);
  },
);

test('a session keeps a command for a device that is asleep, and it is not sent before the device is back', async () => {
  const { turn } = startControl();
  const session = { clean: false, properties: { sessionExpiryInterval: 3600 } };
  const asleep = await listen(valve, 'commands/+', undefined, 5, session);
  await asleep.client.endAsync();
  const id = await ask(valve, { n: 1 });
  await ask(valve, { n: 2 }, '2 seconds');
  await turn();
  expect(await states()).toMatchObject([{ state: 'waiting' }, { state: 'waiting' }]);
  await sleep(2_100);
  await turn();
  const woken = await listen(valve, undefined, (id) => ({ id }), 5, session);
  await expect.poll(() => woken.received).toHaveLength(1);
  await expect
    .poll(async () => {
      await drain();
      return states();
    })
    .toMatchObject([{ state: 'acknowledged' }, { state: 'expired' }]);
  // The one that expired has not left the broker either.
  expect(woken.received).toMatchObject([{ topic: `commands/${id}` }]);
  await woken.client.unsubscribeAsync(`${woken.prefix}commands/+`);
});

test('a command that has expired never leaves, not even when that happens on the way', async () => {
  const { turn } = startControl();
  const device = await listen(pump, 'commands');
  await ask(pump, { n: 1 }, '-1 second');
  await turn();
  expect(await states()).toMatchObject([{ state: 'expired', error: expect.stringContaining('was not connected') }]);
  await ask(pump, { n: 2 }, '5 seconds');
  const { rows } = await lab.admin.query('select * from ingest.control_work(10, 1000000)');
  const publish = vi.fn();
  const connection = { publish, ended: new Promise<Error>(() => {}) };
  const done = await publishWork(rows, { connection, elapsed: () => 4.5, signal: never });
  expect([done, publish.mock.calls]).toEqual([[], []]);
  // In its last second it is not sent either, and the turn ends: it does not ask again and again.
  await lab.admin.query('delete from public.device_commands');
  await ask(pump, { n: 3 }, '900 milliseconds');
  const transactions = vi.spyOn(database, 'transaction');
  onTestFinished(() => transactions.mockRestore());
  await turn();
  expect(transactions.mock.calls.length).toBeLessThanOrEqual(2);
  expect(device.received).toEqual([]);
});

test('while the broker is away the loop asks the database for work only when it would connect again', async () => {
  const { turn } = startControl(() => readControlSettings({ ...environment(), MQTT_BROKER_URL: 'mqtt://127.0.0.1:1' }));
  await ask(pump, { n: 1 });
  await expect(turn()).rejects.toThrow('ECONNREFUSED');
  const transactions = vi.spyOn(database, 'transaction');
  onTestFinished(() => transactions.mockRestore());
  await expect(turn()).rejects.toThrow('was not reached a moment ago');
  expect(transactions).not.toHaveBeenCalled();
});

test('no command overtakes one that finds nobody, and a device that acknowledges gets commands with their ids only', async () => {
  const ids = [await ask(pump, { n: 1 }), await ask(pump, { n: 2 }), await ask(valve, { n: 3 })];
  const { rows } = await lab.admin.query<Work>('select * from ingest.control_work(10, 1000000)');
  const publish = vi.fn(async (topic: string) => (topic.includes('/valve/') ? 0 : NO_MATCHING_SUBSCRIBERS));
  const connection = { publish, ended: new Promise<Error>(() => {}) };
  const send = async (work: Work[]) => {
    publish.mockClear();
    const done = await publishWork(work, { connection, elapsed: () => 0, signal: never });
    const outcomes = done.map(({ command_id, outcome }) => [command_id, outcome]);
    return { outcomes, topics: publish.mock.calls.map(([topic]) => topic.split('/devices/')[1]!) };
  };
  const first = await send(rows);
  expect(first.topics.toSorted()).toEqual(
    [`pump/commands/${ids[0]}`, 'pump/commands', `valve/commands/${ids[2]}`].toSorted(),
  );
  expect(first.outcomes.toSorted()).toEqual(
    [
      [ids[0], 'absent'],
      [ids[2], 'acknowledges'],
    ].toSorted(),
  );
  const repeated = await send(rows.map((one) => ({ ...one, repeats: true })));
  expect(repeated.topics.toSorted()).toEqual([`pump/commands/${ids[0]}`, `valve/commands/${ids[2]}`]);
});

test('what died between publishing and noting it is published again under the same id, and acknowledged once', async () => {
  const { turn } = startControl();
  const device = await listen(pump, 'commands/#', (id) => ({ id, result: 'done' }));
  const id = await ask(pump, { n: 1 });
  await lab.admin.query('revoke execute on function ingest.control_done(jsonb) from mqtt_ingest');
  await expect(turn()).rejects.toThrow('permission denied');
  await lab.admin.query('grant execute on function ingest.control_done(jsonb) to mqtt_ingest');
  await turn();
  await turn();
  await expect.poll(() => device.received.map(({ topic }) => topic)).toEqual([`commands/${id}`, `commands/${id}`]);
  await drain();
  await turn();
  expect(await states()).toEqual([{ state: 'acknowledged', error: null, result: 'done' }]);
});

test('a device that acknowledges gets a command again until it does, ten times at most', async () => {
  const { turn } = startControl();
  let answers = false;
  const device = await listen(pump, 'commands/+', (id) =>
    answers ? { id, error: 'the valve is stuck' } : { id: 'no' },
  );
  const id = await ask(pump, { n: 1 });
  await turn();
  await turn();
  await expect.poll(() => device.received).toHaveLength(1);
  // Its answer, which names no command, is kept as a dead letter, and shows that the device is there.
  await drain();
  await turn();
  expect(await states()).toMatchObject([{ state: 'sent' }]);
  expect(await lab.deadLetters({ topic: `${device.prefix}acks` })).toMatchObject([{ reason: 'bad-id' }]);
  await again('1 minute');
  await turn();
  expect(device.received).toHaveLength(1);
  answers = true;
  await again('2 minutes');
  await turn();
  await expect.poll(() => device.received.map(({ topic }) => topic)).toEqual([`commands/${id}`, `commands/${id}`]);
  await drain();
  await again('1 day');
  await turn();
  expect(await states()).toMatchObject([{ state: 'failed', error: 'The device says: the valve is stuck' }]);
  expect(device.received).toHaveLength(2);

  await lab.admin.query(`update public.device_commands set acknowledged_at = null, error = null, tries = 10;
    update public.device_state set next_at = now()`);
  await again('1 day');
  await turn();
  expect(await states()).toMatchObject([{ state: 'failed', error: expect.stringContaining('sent 10 times') }]);
  expect(device.received).toHaveLength(2);
});

test("nobody acknowledges another device's command", async () => {
  const { turn } = startControl();
  const other = await listen(valve, undefined);
  const id = await ask(pump, { n: 1 });
  await turn();
  await other.client.publishAsync(`${other.prefix}acks`, JSON.stringify({ id }), { qos: 1 });
  await drain();
  expect(await states()).toMatchObject([{ state: 'waiting' }]);
});

test('commands keep their order, and each device and tenant gets its share of a pass', async () => {
  const { turn } = startControl();
  const hive = lab.devices[2]!;
  await lab.admin.query(
    `with made as (
      insert into public.devices (tenant_id, slug, name) select $1, 'absent-' || n, 'x' from generate_series(1, 30) as n returning id)
    insert into public.device_commands (tenant_id, device_id, payload, requested_at)
    select $1, m.id, '{}', now() - interval '1 hour' from made as m, generate_series(1, 10)`,
    [pump.tenantId],
  );
  for (let n = 1; n <= 30; n += 1) await ask(hive, { n });
  const { rows } = await lab.admin.query(
    'select device_id, count(*)::int as n from ingest.control_work(2, 1000000) group by 1 order by 2',
  );
  expect(rows).toEqual([
    { device_id: expect.any(String), n: 10 },
    { device_id: hive.id, n: 20 },
  ]);
  const device = await listen(hive, 'commands/+', (id) => ({ id }));
  await turn();
  await expect.poll(() => device.received.map(({ text }) => JSON.parse(text).n)).toEqual(counted(30));
  await drain();
  await turn();
  const { rows: found } = await lab.admin.query(
    'select state, count(*)::int as n from public.device_commands group by 1 order by 1',
  );
  expect(found).toEqual([
    { state: 'acknowledged', n: 30 },
    { state: 'waiting', n: 300 },
  ]);
  await lab.admin.query("delete from public.devices where slug like 'absent-%'");
});

test('what the broker refuses, or cannot take, says so, and the next one is sent', async () => {
  const { turn, end } = startControl();
  const device = await listen(pump, 'commands');
  await ask(pump, { text: 'x'.repeat(40_000) });
  await ask(pump, { n: 1 });
  await turn();
  await expect.poll(() => device.received).toHaveLength(1);
  expect(await states()).toMatchObject([
    { state: 'failed', error: expect.stringMatching(/^It cannot be sent: the broker takes packets of/) },
    { state: 'waiting' },
  ]);
  await end();
  lab.broker.sync(
    (await readRegistry(lab.admin)).map((entry) =>
      entry.kind === 'service' && entry.purpose === 'control' ? { ...entry, purpose: 'ingest' as const } : entry,
    ),
  );
  await ask(pump, { n: 2 });
  await expect
    .poll(async () => {
      await again();
      await turn().catch(() => {});
      return states();
    })
    .toContainEqual({ state: 'failed', error: 'The broker refused it: Not authorized (0x87).', result: null });
  lab.broker.sync(await readRegistry(lab.admin));
});

test('one loop at a time publishes', async () => {
  const [one, other] = [startControl(), startControl()];
  const device = await listen(pump, 'commands');
  await one.turn();
  await ask(pump, { n: 1 });
  await other.turn();
  expect(await states()).toMatchObject([{ state: 'waiting' }]);
  expect((await lab.admin.query('select handed_at from public.device_commands')).rows).toEqual([{ handed_at: null }]);
  await one.end();
  await other.turn();
  await expect.poll(() => device.received).toHaveLength(1);
});

test('a loop whose lease another one has taken over publishes nothing more', async () => {
  const [stalled, other] = [startControl(), startControl()];
  const device = await listen(pump, 'commands');
  await stalled.turn();
  await lab.admin.query("update ingest.leases set expires_at = now() - interval '1 second' where name = 'control'");
  await other.turn();
  await ask(pump, { n: 1 });
  await stalled.turn();
  expect((await lab.admin.query('select handed_at from public.device_commands')).rows).toEqual([{ handed_at: null }]);
  await other.turn();
  await expect.poll(() => device.received).toHaveLength(1);
});

test('what is desired waits on the broker for the device, until it reports that it is so', async () => {
  const { turn } = startControl();
  const state = async () =>
    (await lab.admin.query('select desired_version, published_version, delta, reported from public.device_state'))
      .rows[0];
  const want = (desired: object | null) =>
    lab.admin.query(
      `insert into public.device_state as s (tenant_id, device_id, desired, desired_version, next_at) values ($1, $2, $3, 1, now())
       on conflict on constraint device_state_pkey do update
         set desired = excluded.desired, desired_version = s.desired_version + 1, published_at = null, next_at = now()`,
      [pump.tenantId, pump.id, desired],
    );
  await want({ interval: 60, unit: 'C' });
  await turn();
  expect(await state()).toMatchObject({ published_version: 1, delta: { interval: 60, unit: 'C' } });
  const device = await listen(pump, 'desired');
  await expect.poll(() => device.received).toEqual([{ topic: 'desired', text: '{"unit": "C", "interval": 60}' }]);
  const report = (text: string) => device.client.publishAsync(`${device.prefix}reported`, text, { qos: 1 });
  await report('{"interval": 30}');
  await report('{"interval": 60, "uptime": 5}');
  await report('[1]');
  await drain();
  expect(await state()).toMatchObject({ reported: { interval: 60, uptime: 5 }, delta: { unit: 'C' } });
  expect(await lab.deadLetters({ topic: `${device.prefix}reported` })).toMatchObject([{ reason: 'not-an-object' }]);
  // An older report that comes later changes nothing.
  await lab.admin.query(
    `select ingest.note_reports(array[$1::uuid], array[$2::uuid], '{reported}', array['{"interval": 1}'::jsonb], array[now() - interval '1 hour'])`,
    [pump.tenantId, pump.id],
  );
  expect(await state()).toMatchObject({ reported: { interval: 60, uptime: 5 } });
  // The broker may have lost it: again after an hour.
  await lab.admin.query("update public.device_state set published_at = now() - interval '1 hour', next_at = now()");
  await turn();
  await expect.poll(() => device.received).toHaveLength(2);
  await report('{"interval": 60, "unit": "C"}');
  await drain();
  await lab.admin.query("update public.device_state set published_at = now() - interval '1 hour', next_at = now()");
  await turn();
  expect(await state()).toMatchObject({ delta: {} });

  await want(null);
  await turn();
  await expect.poll(() => device.received.at(-1)?.text).toBe('');
  await want({ interval: 90 });
  await turn();
  await expect.poll(() => device.received).toHaveLength(4);
  await lab.admin.query('delete from public.device_state');
  await turn();
  expect((await lab.admin.query('select from ingest.retained_of_deleted')).rowCount).toBe(0);
  const next = await listen(pump, 'desired');
  await ask(pump, { n: 1 });
  await turn();
  expect(next.received).toEqual([]);
});

test('what was desired of a deleted device has left the broker before another one may connect by its name', async () => {
  const { turn } = startControl();
  const name = { tenant: 'acme', device: 'second-hand' };
  const mayConnect = async () =>
    (await readRegistry(lab.admin)).some((entry) => entry.kind === 'device' && entry.device === name.device);
  const { tenantId, deviceId } = await addDevice(lab.admin, name);
  await lab.admin.query(
    `insert into public.device_state (tenant_id, device_id, desired, desired_version, next_at) values ($1, $2, '{"a": 1}', 1, now())`,
    [tenantId, deviceId],
  );
  // It is on its way when the device is deleted: nobody notes that the broker has it.
  const { rows } = await lab.admin.query('select kind from ingest.control_work(10, 1000000)');
  expect(rows).toEqual([{ kind: 'desired' }]);
  await lab.admin.query('delete from public.devices where id = $1', [deviceId]);
  await addDevice(lab.admin, name);
  expect(await mayConnect()).toBe(false);
  await turn();
  expect(await mayConnect()).toBe(true);
  await lab.admin.query('delete from public.devices where slug = $1', [name.device]);
});

test('what is due is found by indexes, however many devices have a state that they do not report', async () => {
  await lab.admin.query(
    `with made as (
      insert into public.devices (tenant_id, slug, name) select $1, 'many-' || n, 'x' from generate_series(1, 3000) as n returning tenant_id, id),
    heard as (
      insert into public.device_status (tenant_id, device_id, last_received_at, fields)
      select tenant_id, id, now(), (select jsonb_object_agg(n, md5(id::text || n)) from generate_series(1, 40) as n) from made)
    insert into public.device_state (tenant_id, device_id, desired, desired_version, next_at, heard_from)
    select tenant_id, id, '{"a": 1}', 1, now() + interval '1 hour', case when left(id::text, 1) = '0' then now() end + interval '1 hour' from made`,
    [valve.tenantId],
  );
  await ask(valve, { n: 1 });
  await lab.admin.query('analyze public.device_state, public.device_status, public.devices');
  const plans = await readPlans(lab.admin, () => lab.admin.query('select from ingest.control_work(10, 1000000)'));
  expect(plans.sequentialScans.filter((table) => table.startsWith('device_st'))).toEqual([]);
  await lab.admin.query("delete from public.devices where slug like 'many-%'");
});

/** Makes everything that was done so far older, and lets the loop look again. */
const again = (by = '0 s') =>
  lab.admin.query(`update public.device_commands set handed_at = handed_at - '${by}'::interval;
    update public.device_state set next_at = now() where next_at is not null`);

const counted = (count: number) => Array.from({ length: count }, (_, n) => n + 1);

/** Asks for a command. @returns its id. */
async function ask(device: LabDevice, payload: object, expires = '1 day'): Promise<string> {
  const { rows } = await lab.admin.query<{ id: string }>(
    `insert into public.device_commands (tenant_id, device_id, payload, expires_at) values ($1, $2, $3, now() + $4::interval) returning id`,
    [device.tenantId, device.id, payload, expires],
  );
  return rows[0]!.id;
}

/** Brings what devices have published into the database. */
const drain = () => runOnce(lab.settings('mqtt-ingest'), keepLog().log, never);

const states = async () =>
  (await lab.admin.query('select state, error, result from public.device_commands order by requested_at, id')).rows;

/** A device that is connected and subscribed, with what it receives. @param acknowledge makes its answer to a command. */
async function listen(
  of: LabDevice,
  filter: string | undefined,
  acknowledge?: (id: string, text: string) => object,
  protocolVersion: 4 | 5 = 5,
  more: mqtt.IClientOptions = {},
) {
  const client = await of.connect({ protocolVersion, ...more });
  onTestFinished(() => client.endAsync(true));
  const prefix = of.topic.slice(0, -'telemetry'.length);
  const received: { topic: string; text: string }[] = [];
  client.on('message', (topic, payload) => {
    received.push({ topic: topic.slice(prefix.length), text: `${payload}` });
    if (acknowledge)
      client.publish(`${prefix}acks`, JSON.stringify(acknowledge(topic.split('/').at(-1)!, `${payload}`)), { qos: 1 });
  });
  if (filter) await client.subscribeAsync(`${prefix}${filter}`, { qos: 1 });
  return { client, received, prefix };
}
