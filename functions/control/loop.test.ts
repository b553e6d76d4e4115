// Commands on their way from the table to a device, through a real broker, and what the device answers.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readRegistry } from '../../provisioning/database/registry.ts';
import { never } from '../../tests/support/keep-log.ts';
import { NO_MATCHING_SUBSCRIBERS } from '../broker/index.ts';
import { everyMinute } from '../periodic/every-minute.ts';
import { JOBS } from '../periodic/jobs.ts';
import { readControlSettings } from '../settings/control.ts';
import { publishWork, type Work } from './publish.ts';
import {
  again,
  ask,
  controlLabOfFile,
  database,
  drain,
  environment,
  hive,
  lab,
  listen,
  pump,
  startControl,
  states,
  valve,
} from './testing/rig.ts';

controlLabOfFile();

/** What the Function App's timer starts. */
const minute = () => everyMinute({ info: () => {}, warn: () => {}, error: () => {} }, lab.env('x'), JOBS);

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

test('commands keep their order, however many, and those of absent devices do not keep them waiting', async () => {
  const { turn } = startControl();
  await lab.admin.query(
    `with made as (
      insert into public.devices (tenant_id, slug, name) select $1, 'absent-' || n, 'x' from generate_series(1, 30) as n returning id)
    insert into public.device_commands (tenant_id, device_id, payload, requested_at)
    select $1, m.id, '{}', now() - interval '1 hour' from made as m, generate_series(1, 10)`,
    [pump.tenantId],
  );
  for (let n = 1; n <= 30; n += 1) await ask(hive, { n });
  const device = await listen(hive, 'commands/+', (id) => ({ id }));
  await turn();
  await expect
    .poll(() => device.received.map(({ text }) => JSON.parse(text).n))
    .toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
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
