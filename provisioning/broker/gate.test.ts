// The gate in a real broker: what becomes of what devices send. testing/rig.ts says which brokers.
import type mqtt from 'mqtt';
import { describe, expect, test } from 'vitest';
import { telemetryTopic } from '../../domain/topics.ts';
import { closed, code, type Delivery, eachBroker, OWN, publish, SESSION, TELEMETRY } from './gate/testing/rig.ts';
import { readStamp } from './gate/testing/stamp.ts';

eachBroker(({ broker, start, connect, ingest, stampKey }) => {
  describe.each([3, 4, 5] as const)('a device that speaks protocol version %i', (protocolVersion) => {
    const protocolId = protocolVersion === 3 ? 'MQIsdp' : 'MQTT';
    const sensor = (options: mqtt.IClientOptions = {}) =>
      connect('acme.pump-1', { clientId: 'x', protocolId, protocolVersion, ...options });

    test('gets a stamp on each message, with a MAC over its topic', async () => {
      const { received } = await ingest();
      const before = Date.now();
      const client = await sensor();
      for (const n of [1, 2]) await publish(client, TELEMETRY, `{"n":${n}}`);
      await publish(client, 'sensors/1/any/thing', 'x', { qos: 0 });
      await expect.poll(() => received).toHaveLength(3);
      const stamps = received.map(({ topic, stamps }) => readStamp(stampKey(), topic, stamps.at(-1)!)!);
      expect(stamps.map(({ counter }) => counter)).toEqual([1, 2, 3]);
      expect(new Set(stamps.map(({ boot }) => boot)).size).toBe(1);
      for (const { ms, note } of stamps) {
        expect(ms).toBeGreaterThanOrEqual(before);
        expect(ms).toBeLessThanOrEqual(Date.now());
        expect(note).toBe('');
      }
      expect(received.map(({ topic }) => topic)).toEqual([TELEMETRY, TELEMETRY, 'sensors/1/any/thing']);
    });

    test('what it sends to no channel of its own is delivered as such, and keeps its words', async () => {
      const { received } = await ingest();
      const client = await sensor();
      const rests = ['telemetrx', 'telemetry/', 'commands/x', 'ä/+ø'.replace('+', ' ')];
      for (const rest of rests) await publish(client, `${OWN}/${rest}`, rest);
      await publish(client, `${OWN}/telemetry/temperature`, '21.5');
      await expect.poll(() => received).toHaveLength(5);
      expect(received.map(({ topic }) => topic.slice(OWN.length + 1))).toEqual([
        ...rests.map(() => '-'),
        'telemetry/temperature',
      ]);
      expect(received.map(({ payload }) => payload)).toEqual([...rests, '21.5']);
      const notes = received.map(({ topic, stamps }) => readStamp(stampKey(), topic, stamps.at(-1)!)?.note);
      expect(notes).toEqual(['ctelemetrx', 'ctelemetry/', 'ccommands/x', 'c__/___', '']);
    });

    test('a payload that is larger than kept is delivered empty, with its size', async () => {
      const { received } = await ingest();
      const client = await sensor();
      await publish(client, TELEMETRY, Buffer.alloc(131_072, 'x'));
      await publish(client, TELEMETRY, Buffer.alloc(131_073, 'x'));
      await expect.poll(() => received).toHaveLength(2);
      expect(received.map(({ payload }) => payload.length)).toEqual([131_072, 0]);
      const notes = received.map(({ topic, stamps }) => readStamp(stampKey(), topic, stamps.at(-1)!)?.note);
      expect(notes).toEqual(['', 'z131073']);
    });

    test('is refused a topic that is not its own, and learns of it', async () => {
      const { received } = await ingest();
      const client = await sensor();
      for (const topic of [telemetryTopic('acme', 'pump-2'), telemetryTopic('acme', 'pump-10'), 'sensors/2', OWN]) {
        const now = client.connected ? client : await sensor();
        const outcome = Promise.race([code(publish(now, topic, 'x')), closed(now)]);
        expect(await outcome).toBe(protocolVersion === 5 ? 0x87 : 'closed');
      }
      expect(received).toEqual([]);
    });

    test('keep-alive 0 and a QoS of 0 are taken', async () => {
      const { client, received } = await ingest();
      await client.endAsync();
      const device = await sensor({ keepalive: 0 });
      await publish(device, TELEMETRY, 'while ingest was away', { qos: 0 });
      await device.endAsync();
      const again = await ingest();
      await expect.poll(() => again.received.map(({ payload }) => payload)).toEqual(['while ingest was away']);
      expect(received).toEqual([]);
    });
  });

  test('the last stamp is the genuine one, whatever a device sends', async () => {
    const { received } = await ingest();
    const client = await connect('acme.pump-1');
    await publish(client, TELEMETRY, 'x', { properties: { userProperties: { gate: ['1.2.3..4', 'x'] } } });
    await expect.poll(() => received).toHaveLength(1);
    const [{ stamps }] = received as [Delivery];
    expect(stamps).toHaveLength(3);
    expect(stamps.map((stamp) => readStamp(stampKey(), TELEMETRY, stamp) !== undefined)).toEqual([false, false, true]);
  });

  test('a stamp survives a restart of the broker', async () => {
    const { client } = await ingest();
    await client.endAsync();
    const sensor = await connect('acme.pump-1');
    await publish(sensor, TELEMETRY, 'x');
    await broker().stop();
    await start();
    const { received } = await ingest();
    await expect.poll(() => received).toHaveLength(1);
    expect(readStamp(stampKey(), TELEMETRY, received[0]!.stamps[0]!)).toMatchObject({ counter: 1 });
  });

  test('nothing of a device is retained', async () => {
    const sensor = await connect('acme.pump-1');
    for (const topic of [TELEMETRY, `${OWN}/state`, `${OWN}/x`, 'sensors/1/y']) {
      await publish(sensor, topic, 'x', { retain: true });
    }
    const { received } = await ingest();
    await publish(sensor, TELEMETRY, 'last');
    await expect.poll(() => received.map(({ payload }) => payload)).toEqual(['last']);
  });

  test.each([
    ['ends', {}],
    ['stays', SESSION],
  ])(
    'a will is sent neither when its device is cut off nor when another takes its place; its session %s',
    async (_, kind) => {
      const { received } = await ingest();
      const will = {
        topic: TELEMETRY,
        payload: 'forged',
        qos: 1,
        properties: { userProperties: { gate: '9' } },
      } as const;
      const first = await connect('acme.pump-1', { ...kind, will });
      const taken = closed(first);
      const second = await connect('acme.pump-1', { ...kind, will });
      await taken;
      second.stream.destroy();
      const third = await connect('acme.pump-1');
      await publish(third, TELEMETRY, 'last');
      await expect.poll(() => received.map(({ payload }) => payload)).toContain('last');
      expect(received.map(({ payload }) => payload)).toEqual(['last']);
    },
  );
});
