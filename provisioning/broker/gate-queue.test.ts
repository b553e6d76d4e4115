// The gate in a real broker: a full queue refuses, so that all that is acknowledged is delivered. MQTT_SAAS_RUNS says how often each
// way is gone, at other moments each time; default: once.
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type mqtt from 'mqtt';
import { beforeEach, expect, test } from 'vitest';
import { DONE_TOPIC } from '../../domain/topics.ts';
import { closed, code, eachBroker, publish, TELEMETRY } from './gate/testing/rig.ts';

const RUNS = Array.from({ length: Number(process.env.MQTT_SAAS_RUNS ?? 1) }, (_, n) => n + 1);
const PAYLOAD_BYTES = 200;
/** As many messages as each of these bounds lets in: a 64th of a bound stays free. */
const ROOM = 63;
const BOUNDS = {
  messages: { maxQueuedMessages: 64 },
  bytes: { maxQueuedBytes: 64 * PAYLOAD_BYTES },
};
const WAYS = (['messages', 'bytes'] as const).flatMap((bound) =>
  ([3, 4, 5] as const).flatMap((version) => RUNS.map((run) => ({ bound, version, run }))),
);

eachBroker(({ broker, start, connect, ingest, reload }) => {
  /** Of each message that was acknowledged. */
  let acknowledged: string[];
  let next: number;
  let version: 3 | 4 | 5;
  beforeEach(() => {
    acknowledged = [];
    next = 0;
    version = 5;
  });

  const restart = async (config: object, end: 'stop' | 'kill' = 'stop') => {
    await broker()[end]();
    await start({ config });
  };
  /** A device of the version; one that was cut off is kept out for five seconds. */
  const join = async () => {
    const options = { protocolVersion: version, protocolId: version === 3 ? 'MQIsdp' : 'MQTT' } as const;
    for (;;) {
      const client = await connect('acme.pump-1', options).catch(() => undefined);
      if (client) return client;
      await sleep(500);
    }
  };
  const payload = () => `${next++} `.padEnd(PAYLOAD_BYTES, 'x');
  /** 0, or how the message was refused. */
  const send = async (client: mqtt.MqttClient, end: Promise<string>) => {
    const text = payload();
    const outcome = await Promise.race([code(publish(client, TELEMETRY, text)), end]);
    if (outcome === 0) acknowledged.push(text);
    return outcome;
  };
  /** Publishes until a message is refused, at most `most`. How many were acknowledged. */
  const fill = async (most = 4 * ROOM) => {
    const client = await join();
    const end = closed(client);
    for (let count = 0; count < most; count += 1) {
      const outcome = await send(client, end);
      if (outcome === 0) continue;
      expect(outcome).toBe(version === 5 ? 0x87 : 'closed');
      return count;
    }
    await client.endAsync();
    return most;
  };
  /** What ingest gets when it comes back, and stays. */
  const drain = async (count: number) => {
    const { client, received } = await ingest();
    await expect.poll(() => received.length, { timeout: 5000 }).toBeGreaterThanOrEqual(count);
    await sleep(100);
    const texts = received.map(({ payload }) => payload);
    await publish(client, DONE_TOPIC, `${texts.length} ${texts.join('').length}`);
    return { client, texts };
  };
  const subscribe = async () => (await ingest()).client.endAsync();

  test.each(WAYS)('full by $bound, version $version, run $run: acknowledged is delivered, the rest refused', async (way) => {
    const config = BOUNDS[way.bound];
    version = way.version;
    await restart(config);
    await subscribe();
    const [first, second] = [randomInt(1, 30), randomInt(1, 30)];
    const told = `first ${first}, second ${second}`;
    expect(await fill(first)).toBe(first);
    await restart(config);
    expect(await fill(second), told).toBe(second);
    await broker().save();
    // What is acknowledged after the last save is lost by a kill, docs/durability.md: then it is not counted either.
    const safe = acknowledged.length;
    expect(await fill(), told).toBe(ROOM - first - second);
    await restart(config, 'kill');
    acknowledged.length = safe;
    expect(await fill(), told).toBe(ROOM - first - second);
    await broker().save();
    await restart(config, 'kill');
    // A broker that serves nobody yet would be ended by the signal.
    await (await join()).endAsync();
    await reload();
    expect(await fill(), told).toBe(0);
    await restart(config);
    expect(await fill(), told).toBe(0);
    const { texts } = await drain(ROOM);
    expect(texts, told).toEqual(acknowledged);
    expect(await fill(ROOM)).toBe(ROOM);
  }, 60_000);
});
