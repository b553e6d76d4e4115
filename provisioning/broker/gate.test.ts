// The gate in a real broker: who is let in, what may be published and read, what is stamped, and what changes without a signal.
// MQTT_SAAS_MOSQUITTO names other brokers' programs to try it with, divided by colons; without it the installed one. MQTT_SAAS_GATE
// names another gate, such as one that was built with a sanitizer, and MQTT_SAAS_PRELOAD what that needs.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { devicePrefix, NO_CHANNEL_FILTER, TELEMETRY_FILTER, telemetryTopic } from '../../domain/topics.ts';
import { findMosquitto, type Mosquitto, startMosquitto } from '../../lab/mosquitto.ts';
import { freePort } from '../../lab/ports.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';
import { readStamp } from './gate/testing/stamp.ts';
import type { RegistryEntry } from './registry.ts';

const OWN = devicePrefix('acme', 'pump-1');
const TELEMETRY = telemetryTopic('acme', 'pump-1');
const SESSION = { clean: false, properties: { sessionExpiryInterval: 3600 } };
/** What ingest subscribes to. */
const FILTERS = [TELEMETRY_FILTER, NO_CHANNEL_FILTER, 'sensors/+/#'];
const { MQTT_SAAS_GATE, MQTT_SAAS_PRELOAD } = process.env;
const OTHER = {
  ...(MQTT_SAAS_GATE && { gate: MQTT_SAAS_GATE }),
  ...(MQTT_SAAS_PRELOAD && { env: { LD_PRELOAD: MQTT_SAAS_PRELOAD } }),
};
const key = generateKey();
const passwordHash = await hashKey(key);

const device = (tenant: string, name: string, hash = passwordHash, former?: string[]): RegistryEntry => ({
  kind: 'device',
  tenant,
  device: name,
  passwordHash: hash,
  former,
});
const REGISTRY: RegistryEntry[] = [
  { kind: 'service', username: 'svc-ingest', purpose: 'ingest', passwordHash, former: ['sensors'] },
  { kind: 'service', username: 'svc-control', purpose: 'control', passwordHash },
  device('acme', 'pump-1', passwordHash, ['sensors/1']),
  device('acme', 'pump-2'),
  device('umbrella', 'hive'),
];

/** What ingest received. */
interface Delivery {
  topic: string;
  payload: string;
  retain: boolean;
  /** Values of the user property `gate`, in the order they came in. */
  stamps: string[];
}

describe.each((process.env.MQTT_SAAS_MOSQUITTO ?? findMosquitto()).split(':'))('%s', (program) => {
  let dir: string;
  let broker: Mosquitto;
  let port: number;
  let clients: mqtt.MqttClient[];

  const start = async (config: object = {}) => {
    broker = await startMosquitto({ dir: join(dir, 'b'), port, registry: REGISTRY, program, config, ...OTHER });
  };
  beforeEach(async () => {
    dir = makeScratchDir();
    port = await freePort();
    clients = [];
    await start();
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)));
    await broker.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const connect = async (username: string, options: mqtt.IClientOptions = {}) => {
    const ca = readFileSync(broker.certificates.caFile);
    const base = { username, clientId: username, password: key, protocolVersion: 5, reconnectPeriod: 0, ca } as const;
    const client = await mqtt.connectAsync(broker.url, { ...base, ...options }, false);
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  /** Connects as ingest does, and keeps what comes. */
  const ingest = async (options: mqtt.IClientOptions = {}) => {
    const client = await connect('svc-ingest', { ...SESSION, ...options });
    const received: Delivery[] = [];
    client.on('message', (topic, payload, { properties, retain }) => {
      const gate = properties?.userProperties?.gate ?? [];
      received.push({ topic, payload: payload.toString(), retain, stamps: [gate].flat() });
    });
    await client.subscribeAsync(FILTERS, { qos: 1 });
    return { client, received };
  };
  const closed = (client: mqtt.MqttClient) =>
    new Promise<'closed'>((resolve) => client.once('close', () => resolve('closed')));
  const publish = (client: mqtt.MqttClient, topic: string, payload: string | Buffer, options = {}) =>
    client.publishAsync(topic, payload, { qos: 1, ...options });
  /** The reason code of a refusal, MQTT 5. */
  const code = (attempt: Promise<unknown>) =>
    attempt.then(
      () => 0,
      ({ code }: { code: number }) => code,
    );
  const stampKey = () => readFileSync(broker.stampKeyFile, 'utf8').trim();
  const running = () => broker.child.exitCode === null && broker.child.signalCode === null;

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
      for (const topic of [
        telemetryTopic('acme', 'pump-2'),
        telemetryTopic('acme', 'pump-10'),
        'sensors/2',
        OWN,
        `${OWN}/${'x'.repeat(600)}`,
      ]) {
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
    await broker.stop();
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

  test.each([4, 5] as const)('a device subscribes to its commands and to nothing else, version %i', async (version) => {
    const sensor = await connect('acme.pump-1', { protocolVersion: version, resubscribe: false });
    const commands = `${OWN}/commands`;
    const asked = async (filter: string) => {
      const granted = new Promise<number>((resolve) => {
        const look = (packet: mqtt.Packet) => {
          if (packet.cmd !== 'suback') return;
          sensor.off('packetreceive', look);
          resolve(packet.granted[0] as number);
        };
        sensor.on('packetreceive', look);
      });
      sensor.subscribe(filter, { qos: 1 }, () => {});
      return granted;
    };
    for (const filter of [commands, `${commands}/#`, `${commands}/+`, `${commands}/reboot`]) {
      expect(await asked(filter), filter).toBe(1);
    }
    const foreign = ['#', '+/#', TELEMETRY, `${OWN}/#`, `${devicePrefix('acme', 'pump-2')}/commands`, '$SYS/#'];
    const costly = [`$share/g/${commands}`, `${commands}/a/b`, `${commands}/${'x'.repeat(65)}`, `${commands}/+/+/+`];
    for (const filter of [...foreign, ...costly]) expect(await asked(filter), filter).toBe(version === 5 ? 0x87 : 0x80);
    for (let n = 0; n < 4; n += 1) expect(await asked(`${commands}/n${n}`)).toBe(1);
    expect(await asked(`${commands}/one-more`)).toBeGreaterThanOrEqual(0x80);
  });

  test('a command reaches its device only', async () => {
    const [one, other] = [await connect('acme.pump-1'), await connect('acme.pump-2')];
    const came: string[] = [];
    for (const client of [one, other]) client.on('message', (topic) => came.push(topic));
    await one.subscribeAsync(`${OWN}/commands/#`, { qos: 1 });
    await other.subscribeAsync(`${devicePrefix('acme', 'pump-2')}/commands/#`, { qos: 1 });
    const control = await connect('svc-control');
    await publish(control, `${OWN}/commands/reboot`, '{}');
    await expect.poll(() => came).toEqual([`${OWN}/commands/reboot`]);
    expect(await code(publish(control, TELEMETRY, 'x'))).toBe(0x87);
  });

  test('a will is sent neither when its device is cut off nor when another takes its place', async () => {
    const { received } = await ingest();
    const will = {
      topic: TELEMETRY,
      payload: 'forged',
      qos: 1,
      properties: { userProperties: { gate: '9' } },
    } as const;
    const first = await connect('acme.pump-1', { will });
    const taken = closed(first);
    const second = await connect('acme.pump-1', { will });
    await taken;
    second.stream.destroy();
    const third = await connect('acme.pump-1');
    await publish(third, TELEMETRY, 'last');
    await expect.poll(() => received.map(({ payload }) => payload)).toContain('last');
    expect(received.map(({ payload }) => payload)).toEqual(['last']);
  });

  test('a change of the registry needs no signal: who is gone is cut, who is new comes in, a new key is asked for', async () => {
    const [kept, gone, rotated] = [
      await connect('acme.pump-1'),
      await connect('acme.pump-2'),
      await connect('umbrella.hive'),
    ];
    const ends = [closed(gone), closed(rotated)];
    const next = REGISTRY.filter((entry) => entry.kind === 'service' || entry.device === 'pump-1');
    const newKey = generateKey();
    expect(broker.sync([...next, device('acme', 'new'), device('umbrella', 'hive', await hashKey(newKey))])).toBe(true);
    await Promise.all(ends);
    await expect(connect('acme.pump-2')).rejects.toThrow(/Not authorized/);
    await expect(connect('umbrella.hive')).rejects.toThrow(/Not authorized/);
    await connect('umbrella.hive', { password: newKey });
    await connect('acme.new');
    expect(kept.connected).toBe(true);
    await publish(kept, TELEMETRY, 'x');
    expect(readFileSync(broker.logFile, 'utf8')).not.toContain('Reloading config');
  });

  test('a file that is broken, or without ingest, changes nothing', async () => {
    const file = join(dir, 'b/registry');
    const good = readFileSync(file, 'utf8');
    const refused = () => readFileSync(broker.logFile, 'utf8').split('is refused: ').length - 1;
    for (const [index, bad] of [
      '',
      good.replace(/^svc-ingest .*\n/m, ''),
      good.slice(0, -1),
      good.replace('acme.pump-1 ', 'acme.pump-1 $7$x '),
      good.replace('write:sensors/1/#', 'write:#'),
      good.split('\n').toReversed().join('\n'),
    ].entries()) {
      writeFileSync(`${file}.bad`, bad);
      renameSync(`${file}.bad`, file);
      await expect.poll(() => connect('acme.pump-1').then(refused)).toBe(index + 1);
    }
    expect(readFileSync(broker.logFile, 'utf8')).not.toContain(passwordHash.slice(10));
    await broker.stop();
    const entry = { dir: join(dir, 'c'), port, program, registry: REGISTRY, ...OTHER };
    const configure = (text: string) => text.replace(/^(plugin_opt_registry_file) .*/m, `$1 ${join(dir, 'nowhere')}`);
    await expect(startMosquitto({ ...entry, configure })).rejects.toThrow(/nowhere is refused: cannot be read/);
    await start();
  });

  test('who comes to a name anew does not get what waited for its former holder', async () => {
    const first = await connect('acme.pump-2', SESSION);
    await first.subscribeAsync(`${devicePrefix('acme', 'pump-2')}/commands/#`, { qos: 1 });
    await first.endAsync();
    const control = await connect('svc-control');
    const command = (text: string) => publish(control, `${devicePrefix('acme', 'pump-2')}/commands/x`, text);
    await command('old');
    // Whose connection ends when the registry is in force.
    const witness = closed(await connect('umbrella.hive'));
    broker.sync(REGISTRY.slice(0, 3));
    await witness;
    await command('between');
    broker.sync(REGISTRY);
    const came: string[] = [];
    const second = await connectEarly('acme.pump-2', (text) => came.push(text));
    await expect.poll(() => second.connected).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await command('new');
    await expect.poll(() => came).toEqual(['new']);
  });
  /** A client that hears from its first packet on. */
  const connectEarly = async (username: string, hear: (text: string) => void) => {
    const ca = readFileSync(broker.certificates.caFile);
    for (;;) {
      const client = mqtt.connect(broker.url, {
        username,
        clientId: username,
        password: key,
        protocolVersion: 5,
        reconnectPeriod: 0,
        ca,
        ...SESSION,
      });
      clients.push(client);
      client.on('message', (_, payload) => hear(payload.toString()));
      const outcome = await new Promise((resolve) => {
        client.once('connect', () => resolve('in'));
        client.once('error', () => resolve('out'));
      });
      if (outcome === 'in') return client;
    }
  };

  test('a hash that would take the broker for minutes lets nobody in and stops nobody', async () => {
    // Neither the database nor an agent lets such a hash pass.
    const file = join(dir, 'b/registry');
    const costly = readFileSync(file, 'utf8').replace(/^(umbrella.hive \$7)\$101/m, '$1$999999999');
    writeFileSync(file, costly);
    await expect.poll(() => connect('umbrella.hive').then(() => 'in', String)).toContain('Not authorized');
    await connect('acme.pump-1');
  });

  test('a CONNECT without a user name, under the name of ingest, harms nobody', async () => {
    const { client, received } = await ingest();
    for (const clientId of ['svc-ingest', 'acme.pump-1']) {
      const refused = connect('', { clientId, username: undefined, password: undefined } as mqtt.IClientOptions);
      await expect(refused).rejects.toThrow();
    }
    broker.child.kill('SIGHUP');
    await expect.poll(() => readFileSync(broker.logFile, 'utf8')).toContain('Reloading config');
    const sensor = await connect('acme.pump-1');
    await publish(sensor, TELEMETRY, 'x');
    await expect.poll(() => received).toHaveLength(1);
    // Its session is still its own, and is saved: it gets what comes while it is away, and the broker restarts.
    await client.endAsync();
    await publish(sensor, TELEMETRY, 'y');
    await broker.stop();
    await start();
    const again = await ingest();
    await expect.poll(() => again.received.map(({ payload }) => payload)).toEqual(['y']);
    expect(running()).toBe(true);
  });

  test('a reload while ingest is away, before and after a restart, loses nothing', async () => {
    const { client } = await ingest();
    await client.endAsync();
    const reload = async () => {
      const before = readFileSync(broker.logFile, 'utf8').split('Reloading config').length;
      broker.child.kill('SIGHUP');
      await expect.poll(() => readFileSync(broker.logFile, 'utf8').split('Reloading config').length).toBe(before + 1);
    };
    const send = async (text: string) => publish(await connect('acme.pump-1'), TELEMETRY, text);
    await send('1');
    await reload();
    await send('2');
    await broker.stop();
    await start();
    await send('3');
    await reload();
    await send('4');
    const { received } = await ingest();
    await expect.poll(() => received.map(({ payload }) => payload)).toEqual(['1', '2', '3', '4']);
  });

  test('a tenant that sends faster than its rate is cut off for a while; nobody else, and nothing acknowledged is lost', async () => {
    await broker.stop();
    await start({ tenantMessagesPerSecond: 10 });
    const { received } = await ingest();
    const [flooder, other] = [await connect('acme.pump-1'), await connect('umbrella.hive')];
    const end = closed(flooder);
    let acknowledged = 0;
    for (let n = 0; n < 300; n += 1)
      publish(flooder, TELEMETRY, `${n}`)
        .then(() => (acknowledged += 1))
        .catch(() => {});
    await end;
    await expect(connect('acme.pump-1')).rejects.toThrow();
    await publish(other, telemetryTopic('umbrella', 'hive'), 'x');
    await expect.poll(() => received.at(-1)?.payload).toBe('x');
    expect(acknowledged).toBeGreaterThan(0);
    expect(received.length - 1).toBeGreaterThanOrEqual(acknowledged);
    expect(received.length - 1).toBeLessThan(200);
  });

  test('tells what it refused, by tenant', async () => {
    const { client } = await ingest();
    const counts: Record<string, Record<string, number>> = {};
    client.on('message', (topic, payload) => {
      if (topic.startsWith('$SYS/broker/gate/')) counts[topic.slice(17)] = JSON.parse(payload.toString());
    });
    await client.subscribeAsync('$SYS/broker/gate/#', { qos: 0 });
    const sensor = await connect('acme.pump-1');
    await publish(sensor, TELEMETRY, 'x');
    await publish(sensor, `${OWN}/x`, 'x');
    await code(publish(sensor, telemetryTopic('umbrella', 'hive'), 'x'));
    await connect('acme.pump-1', { password: 'wrong' }).catch(() => {});
    await connect('nobody', { password: 'wrong' }).catch(() => {});
    const acme = { accepted: 2, wrong_channel: 1, foreign_topic: 1, wrong_key: 1 };
    await expect.poll(() => counts['tenants/acme'], { timeout: 10_000 }).toMatchObject(acme);
    await expect.poll(() => counts.counters, { timeout: 10_000 }).toMatchObject({ ...acme, unknown_user: 1 });
    expect(counts).not.toHaveProperty('tenants/umbrella');
  });
});
