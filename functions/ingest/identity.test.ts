// When is a message the one that is stored already? Against the real broker, whose redeliveries the cases depend on.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUCKET_MS } from '../../domain/message-identity.ts';
import { type Lab, type LabDevice, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { startProxy, type TcpProxy } from '../../lab/proxy.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { type RunResult, runOnce } from './run.ts';

let rig: Lab;
let proxy: TcpProxy;
beforeAll(async () => {
  rig = await startLab({ devices: 10, broker: MANY_SESSIONS });
  proxy = await startProxy(rig.broker.port);
});
afterAll(async () => {
  await proxy.stop();
  await rig.stop();
});

/** A clock that stands a given number of buckets ahead, in the middle of one: no test crosses a border by accident. */
const clock = (buckets: number) => {
  const ahead = BUCKET_MS / 2 - (Date.now() % BUCKET_MS) + buckets * BUCKET_MS;
  return () => Date.now() + ahead;
};

const run = (clientId: string, now = clock(0)) => runOnce(rig.settings(clientId), keepLog().log, never, now);

/** Delivers payloads in a run that commits and then loses every acknowledgement, as a crash at that moment does. */
async function commitWithoutAcknowledging(clientId: string, device: LabDevice, payloads: string[], now = clock(0)) {
  const url = `mqtts://localhost:${proxy.port}`;
  const { log, lines } = keepLog();
  const running = runOnce(rig.settings(clientId, { MQTT_BROKER_URL: url }), log, never, now);
  await expect.poll(() => lines.some(({ msg }) => msg === 'connected to the broker')).toBe(true);
  proxy.swallowUpstream();
  await device.publish(payloads);
  const before = await running;
  proxy.cut();
  proxy.restore();
  return before;
}

const counts = ({ received, stored, duplicate, rejected }: RunResult) => ({ received, stored, duplicate, rejected });
const onlyDuplicates = (n: number) => ({ received: n, stored: 0, duplicate: n, rejected: 0 });

test('A: with a timestamp, id or content make the identity; a repeat, by whom ever, is a duplicate', async () => {
  const device = rig.devices[0]!;
  await run('timed');
  const ts = new Date().toISOString();
  const messages = [`{"ts":"${ts}","v":1}`, `{"ts":"${ts}","v":2}`, `{"ts":"${ts}","id":"a","v":1}`];
  await device.publish(messages);
  expect(counts(await run('timed'))).toEqual({ received: 3, stored: 3, duplicate: 0, rejected: 0 });
  await device.publish([...messages, `{"ts":"${ts}","id":"b","v":1}`]);
  expect(counts(await run('timed', clock(2)))).toEqual({ received: 4, stored: 1, duplicate: 3, rejected: 0 });
  // Another id by user property, and the device's clock in another notation.
  const properties = { userProperties: { id: 'c', ts: String(Date.parse(ts)) } };
  await device.publish(['{"v":1}', '{"v":1}'], { properties });
  expect(counts(await run('timed', clock(3)))).toEqual({ received: 2, stored: 1, duplicate: 1, rejected: 0 });
  expect((await rig.rows(device)).map((row) => row.ts.toISOString())).toEqual(Array(5).fill(ts));
});

test('B: without a timestamp, an id is one message for ever; equal readings are one a bucket', async () => {
  const [device, other] = [rig.devices[1]!, rig.devices[2]!];
  await run('untimed');
  await device.publish(['{"v":1}', '{"v":1}', '{"v":2}', '{"id":7,"v":1}', '{"id":"7","v":9}']);
  await other.publish(['{"id":7,"v":1}']);
  expect(counts(await run('untimed'))).toEqual({ received: 6, stored: 4, duplicate: 2, rejected: 0 });
  await device.publish(['{"v":1}', '{"id":7,"v":1}']);
  expect(counts(await run('untimed'))).toEqual(onlyDuplicates(2));
  await device.publish(['{"v":1}', '{"id":7,"v":1}']);
  expect(counts(await run('untimed', clock(1)))).toEqual({ received: 2, stored: 1, duplicate: 1, rejected: 0 });
  expect(await rig.rows(device)).toHaveLength(4);
});

test('C: a redelivery after a crash between commit and acknowledgement is no second row, across buckets too', async () => {
  const device = rig.devices[3]!;
  const messages = ['{"v":1}', '{"v":2}', '{"id":"x","v":3}', `{"ts":"${new Date().toISOString()}","v":4}`];
  const before = await commitWithoutAcknowledging('crash', device, messages);
  expect(counts(before)).toEqual({ received: 4, stored: 4, duplicate: 0, rejected: 0 });
  expect(counts(await run('crash', clock(5)))).toEqual(onlyDuplicates(4));
  expect(counts(await run('crash', clock(5)))).toMatchObject({ received: 0 });
  expect(await rig.rows(device)).toHaveLength(4);
});

test('C: an equal reading that is sent on purpose in the next bucket is a row of its own', async () => {
  const device = rig.devices[4]!;
  await commitWithoutAcknowledging('twins', device, ['{"v":1}']);
  await device.publish(['{"v":1}']);
  expect(counts(await run('twins', clock(1)))).toEqual({ received: 2, stored: 1, duplicate: 1, rejected: 0 });
  expect(await rig.rows(device)).toHaveLength(2);
});

test('C: a redelivery that was never committed is stored once, beside an equal reading of its bucket', async () => {
  const device = rig.devices[5]!;
  await run('uncommitted');
  await rig.admin.query('revoke insert on public.telemetry from mqtt_ingest');
  await device.publish(['{"v":1}']);
  const refused = await runOnce(rig.settings('uncommitted', { INGEST_TIME_GUARD_MS: '1500' }), keepLog().log, never);
  expect(refused).toMatchObject({ outcome: 'failed', error: { code: '42501' }, stored: 0 });
  await rig.admin.query('grant insert on public.telemetry to mqtt_ingest');
  await device.publish(['{"v":1}']);
  expect(counts(await run('uncommitted', clock(1)))).toEqual({ received: 2, stored: 1, duplicate: 1, rejected: 0 });
  expect(await rig.rows(device)).toHaveLength(1);
});

test('C: equal readings of one bucket are one row, also when all are redelivered in a later bucket', async () => {
  const device = rig.devices[6]!;
  const before = await commitWithoutAcknowledging('repeats', device, ['{"v":1}', '{"v":1}', '{"v":1}']);
  expect(counts(before)).toEqual({ received: 3, stored: 1, duplicate: 2, rejected: 0 });
  expect(counts(await run('repeats', clock(1)))).toEqual(onlyDuplicates(3));
  expect(await rig.rows(device)).toHaveLength(1);
});

test('C: the same over two batches: the second one found its equal in the table', async () => {
  const device = rig.devices[7]!;
  await run('repeats-2');
  await device.publish(['{"v":1}']);
  expect(counts(await run('repeats-2'))).toMatchObject({ stored: 1 });
  const before = await commitWithoutAcknowledging('repeats-2', device, ['{"v":1}', '[{"v":1},{"v":2}]']);
  expect(counts(before)).toEqual({ received: 3, stored: 1, duplicate: 2, rejected: 0 });
  expect(counts(await run('repeats-2', clock(3)))).toEqual(onlyDuplicates(3));
  expect(await rig.rows(device)).toHaveLength(2);
});

test('D: an array is acknowledged as one message, and each of its readings is recognised by itself', async () => {
  const device = rig.devices[8]!;
  const ts = new Date().toISOString();
  const array = `[{"v":1}, {"v":2}, {"v":1}, {"id":"x","v":3}, {"ts":"${ts}","v":4}, 5]`;
  const before = await commitWithoutAcknowledging('array', device, [array]);
  expect(counts(before)).toEqual({ received: 6, stored: 4, duplicate: 1, rejected: 1 });
  // A crash, and an hour later the broker sends it again.
  expect(counts(await run('array', clock(6)))).toEqual({ received: 6, stored: 0, duplicate: 5, rejected: 1 });
  // The device itself sends some of them again, alone: what has neither id nor time is a new reading by then.
  await device.publish(['{"v":1}', '{"id":"x","v":3}', `{"ts":"${ts}","v":4}`]);
  expect(counts(await run('array', clock(6)))).toEqual({ received: 3, stored: 1, duplicate: 2, rejected: 0 });
  expect(await rig.rows(device)).toHaveLength(5);
});

test('D: gzip is only a wrapping: the same reading with and without is one', async () => {
  const device = rig.devices[9]!;
  await run('gzip');
  await device.publish(['{"v":1}']);
  await device.publish([gzipSync('{"v":1}'), gzipSync('[{"v":1}]', { level: 1 })], {
    properties: { contentType: 'application/gzip' },
  });
  expect(counts(await run('gzip'))).toEqual({ received: 3, stored: 1, duplicate: 2, rejected: 0 });
});
