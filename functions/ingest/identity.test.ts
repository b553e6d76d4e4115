// When is a message the one that is stored already? Against the real broker, whose redeliveries the cases depend on. Its gate's
// stamps are appended by the publisher (tests/support/stamps.ts).
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, type LabDevice, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { startProxy, type TcpProxy } from '../../lab/proxy.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { createStamper, type StampOptions, withoutStamps } from '../../tests/support/stamps.ts';
import { type RunResult, runOnce } from './run.ts';

const stamper = createStamper();
let rig: Lab;
let proxy: TcpProxy;
beforeAll(async () => {
  rig = await startLab({ devices: 10, broker: { configure: (text) => withoutStamps(MANY_SESSIONS.configure(text)) } });
  proxy = await startProxy(rig.broker.port);
});
afterAll(async () => {
  await proxy.stop();
  await rig.stop();
});

let used = 0;
const nextDevice = () => rig.devices[used++]!;
const MINUTE = 60_000;
const later = (ms: number) => () => Date.now() + ms;

const settingsOf = (clientId: string, more = {}) => rig.settings(clientId, { MQTT_GATE_KEY: stamper.key, ...more });
const run = (clientId: string, now = Date.now) => runOnce(settingsOf(clientId), keepLog().log, never, now);

/** Publishes messages one after the other, each with a stamp. */
async function publishStamped(
  device: LabDevice,
  messages: [payload: string | Buffer, stamp?: StampOptions][],
  topic = device.topic,
) {
  const client = await device.connect();
  for (const [payload, options] of messages) {
    await client.publishAsync(topic, payload, { qos: 1, properties: stamper.properties(topic, options) });
  }
  await client.endAsync();
}

/** Delivers messages in a run that commits and then loses every acknowledgement, as a crash at that moment does. */
async function commitWithoutAcknowledging(clientId: string, publish: () => Promise<void>, now = Date.now) {
  const { log, lines } = keepLog();
  const settings = settingsOf(clientId, { MQTT_BROKER_URL: `mqtts://localhost:${proxy.port}` });
  const running = runOnce(settings, log, never, now);
  await expect.poll(() => lines.some(({ msg }) => msg === 'connected to the broker')).toBe(true);
  proxy.swallowUpstream();
  await publish();
  const before = await running;
  proxy.cut();
  proxy.restore();
  return before;
}

const counts = ({ received, stored, duplicate, rejected }: RunResult) => ({ received, stored, duplicate, rejected });
const only = (outcome: 'stored' | 'duplicate', n: number) => ({
  received: n,
  stored: 0,
  duplicate: 0,
  rejected: 0,
  [outcome]: n,
});
const payloadsOf = async (device: LabDevice) => (await rig.rows(device)).map(({ payload }) => payload);

test('with a timestamp, the content and a declared id make the identity; a repeat, by whom ever, is a duplicate', async () => {
  const device = nextDevice();
  await run('timed');
  const ts = new Date().toISOString();
  const messages = [`{"ts":"${ts}","v":1}`, `{"ts":"${ts}","v":2}`, `{"ts":"${ts}","message_id":"a","v":1}`];
  await device.publish(messages);
  expect(counts(await run('timed'))).toEqual(only('stored', 3));
  // The same declared id with another content is another reading.
  await device.publish([...messages, `{"ts":"${ts}","message_id":"a","v":3}`]);
  expect(counts(await run('timed', later(20 * MINUTE)))).toEqual({ received: 4, stored: 1, duplicate: 3, rejected: 0 });
  // An id by user property, and the device's clock in another notation.
  const properties = { userProperties: { message_id: 'c', ts: String(Date.parse(ts)) } };
  await device.publish(['{"v":1}', '{"v":1}'], { properties });
  expect(counts(await run('timed', later(30 * MINUTE)))).toEqual({ received: 2, stored: 1, duplicate: 1, rejected: 0 });
  expect((await rig.rows(device)).map((row) => row.ts.toISOString())).toEqual(Array(5).fill(ts));
});

describe('a message with a stamp and without a timestamp', () => {
  test('is a row with the time it came, whatever a member called id says, and a value that comes back is one, too', async () => {
    const device = nextDevice();
    await run('values');
    const at = Date.now() - 5 * MINUTE;
    const sent = [
      ...['{"id":37,"t":17.4}', '{"id":37,"t":17.7}', '{"POWER":"ON"}', '{"POWER":"OFF"}', '{"POWER":"ON"}'],
      ...Array<string>(18).fill('{"t":21.5}'),
    ];
    await publishStamped(
      device,
      sent.map((payload, n) => [payload, { at: at + 4000 * n }]),
    );
    // One run of the timer, minutes later.
    expect(counts(await run('values'))).toEqual(only('stored', sent.length));
    const rows = await rig.rows(device);
    expect(rows.map(({ payload }) => payload)).toEqual(sent.map((text) => JSON.parse(text)));
    expect(rows.map(({ ts }) => ts.getTime())).toEqual(sent.map((_, n) => at + 4000 * n));
    const { rows: received } = await rig.admin.query(
      'select from public.telemetry where device_id = $1 and received_at = ts',
      [device.id],
    );
    expect(received).toHaveLength(sent.length);
  });

  test('is one row after a crash between commit and acknowledgement, alone or as a repeat, whenever it comes again', async () => {
    const device = nextDevice();
    const at = Date.now();
    const messages: [string, StampOptions][] = [
      ['{"v":1}', { at }],
      ['{"v":1}', { at: at + 900 }],
      ['{"v":2}', { at: at + 950 }],
      ['{"v":1}', { at: at + 960 }],
      ['[{"v":1},{"v":1}]', { at: at + 970 }],
      ['{"message_id":"x","v":3}', { at: at + 980 }],
    ];
    const before = await commitWithoutAcknowledging('crash', () => publishStamped(device, messages));
    expect(counts(before)).toEqual({ received: 7, stored: 6, duplicate: 1, rejected: 0 });
    expect(counts(await run('crash', later(60 * MINUTE)))).toEqual(only('duplicate', 7));
    expect(counts(await run('crash'))).toMatchObject({ received: 0 });
    expect(await payloadsOf(device)).toEqual([
      { v: 1 },
      { v: 2 },
      { v: 1 },
      { v: 1 },
      { v: 1 },
      { message_id: 'x', v: 3 },
    ]);
  });

  test('of another device or another field is another one', async () => {
    const [one, two] = [nextDevice(), nextDevice()];
    await run('fields');
    const at = Date.now();
    await publishStamped(one, [['21', { at }]], `${one.topic}/t1`);
    await publishStamped(one, [['21', { at: at + 1 }]], `${one.topic}/t2`);
    await publishStamped(two, [['21', { at: at + 2 }]], `${two.topic}/t1`);
    expect(counts(await run('fields'))).toEqual(only('stored', 3));
    expect(await payloadsOf(one)).toEqual([{ t1: 21 }, { t2: 21 }]);
  });
});

test('a forged stamp, and one of the device before the broker’s, are of no effect but a count', async () => {
  const device = nextDevice();
  await run('forged');
  const [theirs, ours] = [createStamper(), stamper].map(
    (one) => one.properties(device.topic, { at: 0 }).userProperties.gate!,
  );
  const client = await device.connect();
  const send = (gate: string[]) =>
    client.publishAsync(device.topic, '{"v":1}', { qos: 1, properties: { userProperties: { gate } } });
  await send([theirs!]);
  await send([theirs!, ours!]);
  await client.publishAsync(device.topic, '{"v":1}', { qos: 1 });
  await client.endAsync();
  const result = await run('forged');
  expect(result).toMatchObject({ stored: 3, duplicate: 0, forged: 1, unstamped: 1 });
  expect((await rig.rows(device)).map(({ ts }) => ts.getTime() === 0)).toEqual([true, false, false]);
});

describe('a message with neither', () => {
  test('is a row each time, and one when the broker sends it again', async () => {
    const device = nextDevice();
    const messages = ['{"v":1}', '{"v":2}', '{"v":1}', '{"message_id":"x","v":3}', '[{"v":1},{"v":2},{"v":1}]'];
    const before = await commitWithoutAcknowledging('unstamped', () => device.publish(messages));
    expect(counts(before)).toEqual(only('stored', 7));
    expect(counts(await run('unstamped', later(60 * MINUTE)))).toEqual(only('duplicate', 7));
    // Sent on purpose, minutes later.
    await device.publish(['{"v":1}', '{"message_id":"x","v":3}']);
    expect(counts(await run('unstamped'))).toEqual({ received: 2, stored: 1, duplicate: 1, rejected: 0 });
    expect(await rig.rows(device)).toHaveLength(8);
  });

  test('is stored once when it was never committed, beside an equal one', async () => {
    const device = nextDevice();
    await run('uncommitted');
    await rig.admin.query('revoke insert on public.telemetry from mqtt_ingest');
    await device.publish(['{"v":1}']);
    const settings = settingsOf('uncommitted', { INGEST_TIME_GUARD_MS: '1500' });
    const refused = await runOnce(settings, keepLog().log, never);
    expect(refused).toMatchObject({ outcome: 'failed', error: { code: '42501' }, stored: 0 });
    await rig.admin.query('grant insert on public.telemetry to mqtt_ingest');
    await device.publish(['{"v":1}']);
    expect(counts(await run('uncommitted'))).toEqual(only('stored', 2));
  });
});

test('gzip is only a wrapping: the same timed reading with and without is one', async () => {
  const device = nextDevice();
  await run('gzip');
  const text = '{"ts":1795262400,"v":1}';
  await device.publish([text]);
  const properties = { contentType: 'application/gzip' };
  await device.publish([gzipSync(text), gzipSync(`[${text}]`, { level: 1 })], { properties });
  expect(counts(await run('gzip'))).toEqual({ received: 3, stored: 1, duplicate: 2, rejected: 0 });
});
