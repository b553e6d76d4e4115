// What a record says: whose it is, what it holds, which one it is.
import { describe, expect, test } from 'vitest';
import { MAX_PAYLOAD_BYTES } from '../../domain/messages-limits.ts';
import { createRecordReader, type KafkaRecord } from './record.ts';

const TOPIC = 'tenants/acme/devices/pump/telemetry';
const CLIENT = 'acme.pump';
const made = (more: Partial<KafkaRecord>): KafkaRecord => ({
  key: Buffer.from(TOPIC),
  value: Buffer.from('{"v":1}'),
  headers: new Map(),
  partition: 3,
  offset: 41n,
  timestamp: 1_795_262_400_000n,
  ...more,
});

describe('plain', () => {
  const read = createRecordReader('telemetry', 'plain');

  test('the key is the topic, the headers are the properties, the place is the identity', () => {
    const headers = new Map([
      [Buffer.from('message_id'), Buffer.from('a1')],
      [Buffer.from('content-type'), Buffer.from('application/cbor')],
      [Buffer.from('other'), Buffer.from('x')],
    ]);
    const delivery = read(made({ headers }), 7);
    expect(delivery).toMatchObject({ topic: TOPIC, tag: 42, lane: 3, receivedAt: 7, truncated: false });
    expect(delivery.properties).toEqual({ id: 'a1', ts: undefined, contentType: 'application/cbor' });
    expect(delivery.stamp).toMatchObject({ receivedAt: 1_795_262_400_000, counter: 42, note: '' });
    expect(read(made({}), 9).stamp).toEqual(delivery.stamp);
    const others = [read(made({ partition: 2 }), 7), createRecordReader('other', 'plain')(made({}), 7)];
    for (const other of others) expect(other.stamp).not.toEqual(delivery.stamp);
  });

  test('without a key it belongs to no device; what is empty, or larger than any payload, is what it is', () => {
    expect(read(made({ key: null, value: null }), 0)).toMatchObject({ topic: '', size: 0 });
    expect(read(made({ key: Buffer.from('a\0b') }), 0).topic).toBe('a\ufffdb');
    const large = read(made({ value: Buffer.alloc(MAX_PAYLOAD_BYTES * 2) }), 0);
    expect(large).toMatchObject({ truncated: true, size: MAX_PAYLOAD_BYTES + 1 });
  });
});

describe('event-grid', () => {
  const read = createRecordReader('telemetry', 'event-grid');
  const event = {
    specversion: '1.0',
    id: '9aeb0fdf-c01e-0131-0922-9eb54906e20',
    time: '2026-11-21T11:59:59.458Z',
    type: 'MQTT.EventPublished',
    source: 'namespace',
    subject: TOPIC,
    client: CLIENT,
    mqtttopic: TOPIC,
  };
  const routed = (more: object, where: Partial<KafkaRecord> = {}) =>
    read(made({ key: Buffer.from('other'), value: Buffer.from(JSON.stringify({ ...event, ...more })), ...where }), 0);

  test('the envelope says whose it is, and which one: two records of one event are one', () => {
    const data = { data_base64: Buffer.from('{"v":1}').toString('base64') };
    const delivery = routed(data);
    expect(delivery).toMatchObject({ topic: TOPIC, tag: 42 });
    expect(delivery.payload.toString()).toBe('{"v":1}');
    expect(delivery.stamp).toMatchObject({
      receivedAt: Date.parse(event.time),
      boot: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
    expect(routed(data, { offset: 99n, timestamp: 1_795_262_410_000n }).stamp).toEqual(delivery.stamp);
    expect(routed({ ...data, id: 'another' }).stamp).not.toEqual(delivery.stamp);
  });

  test('what an MQTT 5 device chose decides neither whose it is nor, beyond reason, when it came', () => {
    const chosen = { type: 'its.own', subject: 'tenants/other/devices/d/telemetry', data: 1 };
    expect(routed(chosen)).toMatchObject({ topic: TOPIC });
    for (const time of ['2020-01-01T00:00:00Z', '2031-01-01T00:00:00Z', 'x'])
      expect(routed({ ...chosen, time }, { timestamp: 5_000n }).stamp).toMatchObject({ receivedAt: 5_000 });
    const other = { ...event, client: 'acme.b', mqtttopic: 'tenants/acme/devices/b/telemetry', data: 1 };
    expect(routed(other).stamp).not.toEqual(routed({ data: 1 }).stamp);
  });

  test('JSON that the service has taken apart is put together again', () => {
    expect(routed({ data: { v: [1, null] } }).payload.toString()).toBe('{"v":[1,null]}');
    expect(routed({ data: 'text' }).payload.toString()).toBe('text');
  });

  test.each([
    'no JSON',
    '{}',
    '[]',
    'null',
    JSON.stringify({ ...event, client: undefined }),
    JSON.stringify({ ...event, mqtttopic: undefined }),
    JSON.stringify({ ...event, mqtttopic: 'tenants/other/devices/d/telemetry' }),
    JSON.stringify({ ...event, client: 'acme' }),
  ])('of %s nothing is believed, its key neither', (value) => {
    expect(read(made({ value: Buffer.from(value) }), 0)).toMatchObject({ topic: '', properties: undefined });
  });
});
