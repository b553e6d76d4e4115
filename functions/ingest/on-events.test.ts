// The Event Hubs trigger's function, as the host calls it: from the built package, with what Event Grid routes.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { type Lab, startLab } from '../../lab/lab.ts';

const HOST = join(ROOT, 'tests/support/functions-host.cjs');
const BUNDLE = join(ROOT, 'dist/functions');
let lab: Lab;
let database: string;
beforeAll(async () => {
  lab = await startLab({ devices: 2, broker: false });
  database = await lab.login('mqtt_ingest');
});
afterAll(() => lab.stop());

/** Calls the function with events of a partition. @returns how it ended, and the lines of its log. */
async function call(events: readonly unknown[], url = database, partition = '0') {
  const file = join(lab.dir, 'events.json');
  const sequenceNumberArray = events.map((_, index) => index);
  const enqueuedTimeUtcArray = events.map(() => '2026-11-30T12:00:01.5Z');
  writeFileSync(
    file,
    JSON.stringify({
      input: events,
      triggerMetadata: { partitionContext: { partitionId: partition }, sequenceNumberArray, enqueuedTimeUtcArray },
    }),
  );
  const { stdout } = await promisify(execFile)(process.execPath, [HOST, BUNDLE, 'event_hub_ingest', file], {
    env: { EVENT_HUB_NAME: 'telemetry', EXTERNAL_DATABASE_CONNECTION_STRING: url },
  });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { error: lines.at(-1)?.error, lines };
}

let events = 0;
/** As Event Grid routes a device's message. */
function routed(topic: string, more: object) {
  events += 1;
  const [, tenant, , device] = topic.split('/');
  const time = new Date(Date.UTC(2026, 10, 30, 12) + events).toISOString();
  return {
    specversion: '1.0',
    id: `event-${events}`,
    time,
    type: 'MQTT.EventPublished',
    source: 'ns',
    subject: topic,
    client: `${tenant}.${device}`,
    mqtttopic: topic,
    ...more,
  };
}
const base64 = (text: string) => ({ data_base64: Buffer.from(text).toString('base64') });

test('events are rows when the function returns; called again with them it makes no second ones', async () => {
  const [one, other] = lab.devices as [Lab['devices'][number], Lab['devices'][number]];
  const batch = [
    ...Array.from({ length: 300 }, (_, n) => routed(one.topic, base64(`{"n":${n}}`))),
    routed(other.topic, { data: { n: 1, ts: 1_795_262_400 } }),
    routed('tenants/acme/devices/nobody/telemetry', base64('{"n":1}')),
    { ...routed(other.topic, base64('{"n":2}')), client: undefined },
    'no event',
  ];
  const first = await call(batch);
  expect(first.error).toBeUndefined();
  expect(first.lines.at(-2)).toMatchObject({ msg: 'event_hub_ingest', received: 304, stored: 301, rejected: 3 });
  expect((await lab.rows(one)).map(({ payload }) => (payload as { n: number }).n)).toHaveLength(300);
  // The host has not moved its checkpoint, and Event Grid has sent one event twice.
  const again = await call([...batch, batch[0]], database, '1');
  expect(again.lines.at(-2)).toMatchObject({ received: 305, stored: 0, duplicate: 302 });
  expect(await lab.rows(one)).toHaveLength(300);
  expect((await lab.admin.query('select from public.ingest_residuals')).rowCount).toBe(0);
});

test('without a database it fails, and the host calls again', async () => {
  const nowhere = new URL(database);
  nowhere.password = 'wrong';
  const { error } = await call([routed(lab.devices[0]!.topic, base64('{"n":1}'))], nowhere.href);
  expect(String(error)).toMatch(/password authentication failed/);
});
