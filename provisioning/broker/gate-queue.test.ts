// The gate in a real broker: a full queue refuses, so that all that is acknowledged is delivered. MQTT_SAAS_RUNS says how often each
// way is gone, at other moments each time; default: once.
import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type mqtt from 'mqtt';
import { beforeEach, expect, test } from 'vitest';
import { DONE_TOPIC, devicePrefix, TELEMETRY_FILTER, telemetryTopic } from '../../domain/topics.ts';
import { closed, code, device, eachBroker, passwordHash, publish, REGISTRY, SESSION } from './gate/testing/rig.ts';

const RUNS = Array.from({ length: Number(process.env.MQTT_SAAS_RUNS ?? 1) }, (_, n) => n + 1);
const PAYLOAD_BYTES = 200;
const DEVICES = ['pump-1', 'pump-2'] as const;
/** As many messages as each of these bounds lets in: a 64th of a bound stays free. */
const ROOM = 63;
const BOUNDS = {
  messages: { maxQueuedMessages: 64 },
  bytes: { maxQueuedBytes: 64 * PAYLOAD_BYTES },
};
const WAYS = (['messages', 'bytes'] as const).flatMap((bound) =>
  ([3, 4, 5] as const).flatMap((version) => RUNS.map((run) => ({ bound, version, run }))),
);

eachBroker(({ broker, start, connect, ingest, log, reload, folder }) => {
  /** Of each message that was acknowledged. */
  let acknowledged: string[];
  let next: number;
  let joined: number;
  let version: 3 | 4 | 5;
  beforeEach(() => {
    acknowledged = [];
    next = 0;
    joined = 0;
    version = 5;
  });

  const restart = async (config: object, end: 'stop' | 'kill' = 'stop') => {
    await broker()[end]();
    await start({ config });
  };
  /** A device of the version. Each time another one, because one that was cut off is kept out for five seconds. */
  const connectDevice = (name = DEVICES[joined++ % DEVICES.length]!) =>
    connect(`acme.${name}`, { protocolVersion: version, protocolId: version === 3 ? 'MQIsdp' : 'MQTT' });
  const payload = () => `${next++} `.padEnd(PAYLOAD_BYTES, 'x');
  /** 0, or how the message was refused. */
  const send = async (client: mqtt.MqttClient, end: Promise<string>) => {
    const text = payload();
    const topic = telemetryTopic('acme', client.options.username!.slice('acme.'.length));
    const outcome = await Promise.race([code(publish(client, topic, text)), end]);
    if (outcome === 0) acknowledged.push(text);
    return outcome;
  };
  /** Publishes until a message is refused, at most `most`. How many were acknowledged. */
  const fill = async (most = 4 * ROOM) => {
    const client = await connectDevice();
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

  test.each(WAYS)(
    'full by $bound, version $version, run $run: acknowledged is delivered, the rest refused',
    async (way) => {
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
      await (await connectDevice()).endAsync();
      await reload();
      expect(await fill(), told).toBe(0);
      await restart(config);
      expect(await fill(), told).toBe(0);
      const { texts } = await drain(ROOM);
      expect(texts, told).toEqual(acknowledged);
      expect(await fill(ROOM)).toBe(ROOM);
    },
    60_000,
  );

  const AT = BOUNDS.messages;
  const figures = () => readFileSync(join(folder(), 'b/broker-queue.prom'), 'utf8');
  const waiting = (count: number) => new RegExp(`queue_messages ${count}$`, 'm');

  test('QoS 0 beyond it is dropped and counted; what does not go to ingest is taken', async () => {
    await restart(AT);
    await subscribe();
    expect(await fill()).toBe(ROOM);
    const client = await connectDevice('pump-1');
    for (let n = 0; n < 3; n += 1) await publish(client, telemetryTopic('acme', 'pump-1'), 'lost', { qos: 0 });
    expect(await code(publish(client, `${devicePrefix('acme', 'pump-1')}/x`, 'x'))).toBe(0x87);
    expect(await code(publish(client, `${devicePrefix('acme', 'pump-1')}/state`, 'x'))).toBe(0);
    await expect.poll(figures, { timeout: 15_000 }).toMatch(/queue_refused 5$/m);
    expect(figures()).toMatch(waiting(ROOM));
    expect(figures()).toMatch(/queue_full 1$/m);
    expect(figures()).toMatch(/queue_most_messages 64$/m);
    expect(log()).toContain('the queue of svc-ingest is full');
    const { texts } = await drain(ROOM);
    expect(texts).toEqual(acknowledged);
  }, 30_000);

  test('a change of the registry, or a reload while ingest is away, changes nothing', async () => {
    await restart(AT);
    await subscribe();
    expect(await fill(40)).toBe(40);
    broker().sync([...REGISTRY, device('acme', 'new')]);
    await expect.poll(log).toContain(`${REGISTRY.length + 1} accounts are in force`);
    // The broker has the password of ingest's session in its memory, and asks the gate for it again.
    await reload();
    expect(await fill()).toBe(ROOM - 40);
    await reload();
    expect(await fill()).toBe(0);
  });

  test('an ingest that is connected and takes nothing does not hide it; what it is done with makes room', async () => {
    await restart(AT);
    const { client } = await ingest();
    expect(await fill()).toBe(ROOM);
    expect(await fill()).toBe(0);
    await publish(client, DONE_TOPIC, `20 ${20 * PAYLOAD_BYTES}`);
    expect(await fill()).toBe(20);
    // Nonsense, a device's words, and those of a connection that has ended: none counts.
    for (const text of ['', '1', '-1 5', '21 0', '9999 9999', `10 ${10 * PAYLOAD_BYTES}`, '30 99999999', '1 1 ']) {
      await publish(client, DONE_TOPIC, text);
    }
    expect(await code(publish(await connectDevice(), DONE_TOPIC, `${ROOM} 0`))).toBe(0x87);
    expect(await fill()).toBe(0);
    await client.endAsync();
    // It was acknowledged: the next connection finds nothing that waits, whatever was told.
    await subscribe();
    expect(await fill()).toBe(ROOM);
  });

  test('a will of ingest, sent when its connection has ended, makes no room', async () => {
    await restart(AT);
    const will = { topic: DONE_TOPIC, payload: `20 ${20 * PAYLOAD_BYTES}`, qos: 1 } as const;
    const { client } = await ingest({ will });
    expect(await fill()).toBe(ROOM);
    client.stream.destroy();
    expect(await fill()).toBe(0);
    expect(await fill()).toBe(0);
  });

  test('a device of an older version is kept out after a refusal, one of MQTT 5 is not', async () => {
    await restart(AT);
    await subscribe();
    version = 4;
    expect(await fill()).toBe(ROOM);
    await expect(connectDevice('pump-1')).rejects.toThrow("Couldn't connect");
    version = 5;
    expect(await fill()).toBe(0);
    await connectDevice('pump-2');
  });

  test('two accounts of ingest have a queue each', async () => {
    const second = { kind: 'service', username: 'svc-ingest-2', purpose: 'ingest', passwordHash } as const;
    const registry = [...REGISTRY, second];
    await broker().stop();
    await start({ config: AT, registry });
    await subscribe();
    expect(await fill(40)).toBe(40);
    const next = await connect('svc-ingest-2', SESSION);
    await next.subscribeAsync(TELEMETRY_FILTER, { qos: 1 });
    await next.endAsync();
    expect(await fill()).toBe(ROOM - 40);
    await broker().stop();
    await start({ config: AT, registry });
    expect(await fill()).toBe(0);
    const former = await drain(ROOM);
    await former.client.unsubscribeAsync(TELEMETRY_FILTER);
    expect(await fill(40)).toBe(40);
    expect(await fill()).toBe(0);
    expect(former.texts).toEqual(acknowledged.slice(0, ROOM));
  });

  test('a state that cannot be counted is taken for full until ingest connects', async () => {
    const state = join(folder(), 'unknown.db');
    writeFileSync(state, 'x');
    await broker().stop();
    await start({ configure: (text) => text.replace(/^(plugin_opt_state_file) .*/m, `$1 ${state}`) });
    expect(log()).toContain(`${state} is not a state that the gate knows`);
    expect(await fill()).toBe(0);
    await subscribe();
    expect(await fill(5)).toBe(5);
  });
});
