// What the broker's gate took instead of refusing it becomes a dead letter that says what was wrong; fields below the telemetry
// topic become readings. Batches are made by hand: the gate itself is tested where it is.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, type LabDevice, startLab } from '../../lab/lab.ts';
import { createStamper } from '../../tests/support/stamps.ts';
import { deliveryTo, likeIt, openStoreRig, type StoreRig } from '../../tests/support/store-rig.ts';
import { redrive } from './redrive.ts';

const stamper = createStamper();
let rig: Lab;
let store: StoreRig;
beforeAll(async () => {
  rig = await startLab({ devices: 6 });
  store = await openStoreRig(rig, 'channels');
});
afterAll(async () => {
  await store.stop();
  await rig.stop();
});

const at = Date.now();
const prefixOf = ({ topic }: LabDevice) => topic.replace(/telemetry$/, '');
const lettersOf = async ({ id }: LabDevice) =>
  (
    await rig.admin.query(
      `select id::text, tenant_id is not null as has_tenant, topic, reason, detail, received_at, properties
       from public.dead_letters as l where device_id = $1 order by l.id`,
      [id],
    )
  ).rows;

/** As the gate delivers what was published to no channel. */
const toNoChannel = (device: LabDevice, note: string, tag = 1) =>
  deliveryTo(`${prefixOf(device)}-`, '{"t":1}', { tag, stamp: stamper.next({ at, note }) });

test('a wrong topic becomes a letter of its device that names where it was published; again it is the same letter', async () => {
  const device = rig.devices[0]!;
  const [one, other] = [toNoChannel(device, 'ctele/SENSOR'), toNoChannel(device, 'ctele/STATE', 2)];
  await store.store.write(store.batchFrom([one, other]));
  await store.store.write(store.batchFrom([one, likeIt(other, { tag: 9, again: true })]));
  const letters = await lettersOf(device);
  expect(letters).toMatchObject([
    { topic: `${prefixOf(device)}tele/SENSOR`, reason: 'wrong-topic', received_at: new Date(at), has_tenant: true },
    { topic: `${prefixOf(device)}tele/STATE`, reason: 'wrong-topic' },
  ]);
  expect(letters[0].detail).toBe(
    'published to "tele/SENSOR": readings go to telemetry or telemetry/<field> below the device\'s prefix',
  );
  expect(await redrive(rig.admin, letters[0].id)).toMatchObject({ outcome: 'refused', reason: 'wrong-topic' });
});

test('a payload that the gate took out becomes a letter with its size, also when somebody redrives it', async () => {
  const device = rig.devices[1]!;
  const stamp = stamper.next({ at, note: 'z140012' });
  await store.store.write(store.batchFrom([deliveryTo(device.topic, '', { stamp })]));
  const [letter] = await lettersOf(device);
  expect(letter).toMatchObject({
    topic: device.topic,
    reason: 'too-large',
    received_at: new Date(at),
    properties: { note: 'z140012' },
    detail: 'the payload had 140012 bytes, of which none are kept; at most 131072 are stored',
  });
  expect(await redrive(rig.admin, letter.id)).toMatchObject({ outcome: 'refused', reason: 'too-large' });
});

test('a note counts only in a stamp, and without one a topic of no channel is a wrong topic, too', async () => {
  const device = rig.devices[2]!;
  const noted = deliveryTo(`${prefixOf(device)}-`, '{"t":1}', { stamp: 'forged' });
  await store.store.write(store.batchFrom([noted]));
  expect(await lettersOf(device)).toMatchObject([{ topic: `${prefixOf(device)}-`, reason: 'wrong-topic' }]);
});

test('a redriven letter of a message with a stamp is the reading that it was', async () => {
  const device = rig.devices[3]!;
  const unknown = { ...device, topic: 'tenants/acme/devices/later/telemetry' };
  const stamp = stamper.next({ at });
  const array = '[{"v":1},{"v":2},{"v":1}]';
  await store.write(unknown, [array], { stamp, tag: 1 });
  const { rows: letters } = await rig.admin.query(
    "select id::text from public.dead_letters where reason = 'unknown-device'",
  );
  const { rows } = await rig.admin.query(
    `insert into public.devices (tenant_id, slug, name) select id, 'later', 'x' from public.tenants where slug = 'acme' returning id`,
  );
  const later = { ...unknown, id: rows[0].id };
  // It came again, and was stored, before anybody redrove the letter.
  await store.write(later, [array], { stamp, tag: 7 });
  expect(await redrive(rig.admin, letters[0].id)).toEqual({ outcome: 'duplicate' });
  const stored = await rig.rows(later);
  expect(stored.map(({ ts, payload }) => [ts.getTime(), payload])).toEqual([1, 2, 1].map((v) => [at, { v }]));
});

test('below the telemetry topic, a value becomes a member of that name; an object, too', async () => {
  const device = rig.devices[4]!;
  const sent: [rest: string, payload: string, stored: string][] = [
    ['t', '21.50', '{"t": 21.50}'],
    ['t', '  7 ', '{"t": 7}'],
    ['on', 'true', '{"on": true}'],
    ['power', 'ON', '{"power": "ON"}'],
    ['status', '"online"', '{"status": "online"}'],
    ['none', 'null', '{"none": null}'],
    ['a/b "c"', '1', '{"a/b \\"c\\"": 1}'],
    ['SENSOR', '{"AM2301":{"Temperature":24.6}}', '{"SENSOR": {"AM2301": {"Temperature": 24.6}}}'],
    ['list', '[1, "x", {"y":2}]', '{"list": 1}|{"list": "x"}|{"list": {"y": 2}}'],
    ['007', '007', '{"007": "007"}'],
    ['text', 'two words, "quoted"', '{"text": "two words, \\"quoted\\""}'],
  ];
  let came = at;
  for (const [rest, payload] of sent) {
    came += 1000;
    const delivery = deliveryTo(`${device.topic}/${rest}`, payload, { stamp: stamper.next({ at: came }) });
    await store.store.write(store.batchFrom([delivery]));
  }
  const { rows } = await rig.admin.query(
    'select payload::text as payload from public.telemetry where device_id = $1 order by ts, message_id',
    [device.id],
  );
  expect(rows.map(({ payload }) => payload)).toEqual(sent.flatMap(([, , stored]) => stored.split('|')));
});

test('below the telemetry topic, what was meant to be JSON and is not is a letter', async () => {
  const device = rig.devices[5]!;
  for (const payload of ['{"a":1', '[1,', '"x', '21.5\0', ' \n']) {
    await store.store.write(store.batchFrom([deliveryTo(`${device.topic}/x`, payload)]));
  }
  expect((await lettersOf(device)).map(({ reason }) => reason)).toEqual([
    ...['not-json', 'not-json', 'not-json', 'not-json', 'empty'],
  ]);
  expect(await rig.rows(device)).toEqual([]);
});
