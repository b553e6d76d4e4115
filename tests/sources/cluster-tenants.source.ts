// Tenants on the cluster are as far apart as on one machine: the cases of provisioning/broker's tests of the gate.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats, nkeyAuthenticator } from '@nats-io/transport-node';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RETAINED_STREAM, topicOf } from '../../domain/cluster.ts';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { MAX_PAYLOAD_BYTES } from '../../domain/messages-limits.ts';
import { devicePrefix, telemetryTopic } from '../../domain/topics.ts';
import { answer, closed, publish } from '../../provisioning/broker/gate/testing/rig.ts';
import { device, key, REGISTRY, type Rig, startRig } from './cluster-rig.ts';

const OWN = devicePrefix('acme', 'pump-1');
const OTHER = devicePrefix('acme', 'pump-2');
const TELEMETRY = telemetryTopic('acme', 'pump-1');

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig?.stop());

const refused = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'let in',
    () => 'refused',
  );

describe('who comes in', () => {
  test.each([
    ['a wrong key', 'acme.pump-1', { password: generateKey() }],
    ['no key', 'acme.pump-1', { password: '' }],
    ['the hash as key', 'acme.pump-1', { password: 'hash' }],
    ['a device that is unknown', 'acme.pump-9', {}],
    ['a name without a device', 'acme', {}],
    ["another device's client id", 'acme.pump-1', { clientId: 'acme_pump-2' }],
    ['a client id of its own choice', 'acme.pump-1', { clientId: 'sensor' }],
    ['no client id', 'acme.pump-1', { clientId: '' }],
    ['MQTT 5', 'acme.pump-1', { protocolVersion: 5 }],
    ['ingest by MQTT', 'svc-ingest', { clientId: 'svc-ingest' }],
  ] as const)('not with %s', async (_, username, options) => {
    expect(await refused(rig.connect(username, options as mqtt.IClientOptions))).toBe('refused');
  });

  test('not without TLS', async () => {
    const url = rig.cluster.servers[0]!.url.replace('mqtts', 'mqtt');
    const options = { username: 'acme.pump-1', password: key, clientId: 'acme_pump-1', reconnectPeriod: 0 };
    const attempt = mqtt.connectAsync(url, { ...options, protocolVersion: 4, connectTimeout: 3_000 }, false);
    expect(await refused(attempt)).toBe('refused');
  });

  test('a device comes by MQTT only', async () => {
    expect(await refused(rig.nats('acme.pump-1'))).toBe('refused');
    expect(await refused(rig.nats('svc-control'))).toBe('refused');
    expect(await refused(rig.nats('svc-ingest'))).toBe('let in');
  });

  test('a second connection takes the place of the first, on another server too', async () => {
    const first = await rig.connect('acme.pump-1', { server: 0 });
    const gone = closed(first);
    await rig.connect('acme.pump-1', { server: 1, over: true });
    expect(await gone).toBe('closed');
    await sleep(1_100);
  });
});

describe('what a device publishes', () => {
  test('reaches ingest below its own prefix, whatever the channel, and keeps its words', async () => {
    const client = await rig.connect('acme.pump-2');
    const rests = ['telemetry', 'telemetry/temperature', 'telemetrx', 'telemetry/', 'commands/x', 'desired', 'a.b//ä'];
    for (const rest of rests) await publish(client, `${OTHER}/${rest}`, rest);
    const taken = await rig.take();
    expect(taken.map(({ subject }) => topicOf(subject))).toEqual(rests.map((rest) => `${OTHER}/${rest}`));
    expect(taken.map((message) => message.string())).toEqual(rests);
  });

  test('reaches nobody anywhere else', async () => {
    const heard: string[] = [];
    const neighbour = await rig.connect('acme.pump-2');
    neighbour.on('message', (topic) => heard.push(topic));
    for (const filter of [`${OTHER}/commands/#`, `${OTHER}/desired`])
      await neighbour.subscribeAsync(filter, { qos: 1 });
    const client = await rig.connect('acme.pump-1');
    const foreign = [
      telemetryTopic('acme', 'pump-2'),
      telemetryTopic('acme', 'pump-10'),
      telemetryTopic('umbrella', 'hive'),
      `${OTHER}/commands/reboot`,
      `to/${OTHER}/commands/reboot`,
      `to/${OTHER}/desired`,
      `from/0/${OTHER}/telemetry`,
      'tenants/acme',
      'sensors/2',
      '$MQTT/msgs/from/0/tenants/acme/devices/pump-2/telemetry',
      '$JS/API/STREAM/DELETE/$MQTT_msgs',
      '$SYS/REQ/USER/AUTH',
    ];
    for (const topic of foreign) {
      for (const retain of [false, true]) {
        const now = client.connected ? client : await rig.connect('acme.pump-1');
        await publish(now, topic, 'x', { retain }).catch(() => {});
      }
    }
    await publish(await rig.connect('acme.pump-1'), TELEMETRY, 'last');
    expect((await rig.take()).map((message) => message.string())).toEqual(['last']);
    expect(heard).toEqual([]);
  });

  test('of more than is kept ends the connection; the largest payload is taken', async () => {
    const client = await rig.connect('acme.pump-1');
    await publish(client, TELEMETRY, Buffer.alloc(MAX_PAYLOAD_BYTES, 'x'));
    const gone = closed(client);
    publish(client, TELEMETRY, Buffer.alloc(MAX_PAYLOAD_BYTES + 2_000, 'x')).catch(() => {});
    expect(await gone).toBe('closed');
    expect((await rig.take()).map(({ data }) => data.length)).toEqual([MAX_PAYLOAD_BYTES]);
  });

  test('with QoS 2 ends the connection', async () => {
    const client = await rig.connect('acme.pump-1');
    const gone = closed(client);
    publish(client, TELEMETRY, 'x', { qos: 2 }).catch(() => {});
    expect(await gone).toBe('closed');
    expect(await rig.take()).toEqual([]);
  });
});

describe('what is retained', () => {
  const stored = async () => {
    const { addresses, caFile, seeds } = rig.cluster;
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(seeds.keeper));
    const keeper = await connectNats({ servers: addresses, authenticator, tls: { caFile } });
    const manager = await jetstreamManager(keeper);
    const { state } = await manager.streams.info(RETAINED_STREAM, { subjects_filter: '>' });
    await keeper.close();
    return Object.keys(state.subjects ?? {});
  };

  test('is nothing of a device', async () => {
    const client = await rig.connect('acme.pump-1');
    for (let n = 0; n < 20; n += 1) await publish(client, `${TELEMETRY}/n${n}`, 'x', { retain: true });
    expect(await rig.take()).toHaveLength(20);
    await expect.poll(stored).toEqual([]);
  });

  test('is what is desired of a device', async () => {
    const control = await rig.connect('svc-control', { clientId: 'svc-control' });
    await publish(control, `to/${OWN}/desired`, '{"n":1}', { retain: true });
    await expect.poll(stored).toContain(`$MQTT.rmsgs.${OWN.replaceAll('/', '.')}.desired`);
    const client = await rig.connect('acme.pump-1', { server: 1 });
    const came: string[] = [];
    client.on('message', (topic, payload, { retain }) => came.push(`${topic} ${payload} ${retain}`));
    await client.subscribeAsync(`${OWN}/desired`, { qos: 1 });
    await expect.poll(() => came).toEqual([`${OWN}/desired {"n":1} true`]);
  });
});

describe('what a device hears', () => {
  test('it subscribes to its commands and to nothing else', async () => {
    const client = await rig.connect('acme.pump-1', { resubscribe: false });
    const commands = `${OWN}/commands`;
    const asked = (filter: string) => answer(client, 'subscribe', filter);
    for (const filter of [commands, `${commands}/#`, `${commands}/+`, `${OWN}/desired`]) {
      expect(await asked(filter), filter).toBe(1);
    }
    const foreign = ['#', '+/#', 'tenants/#', TELEMETRY, `${OWN}/#`, `${OWN}/desired/#`, `${OWN}/+`];
    const others = [`${OTHER}/desired`, `${OTHER}/commands`, `${devicePrefix('umbrella', 'hive')}/commands/#`];
    const inner = ['$SYS/#', '$MQTT/msgs/#', '$MQTT/sub/#', '$JS/#', '_INBOX/#', 'from/#', `$share/g/${commands}`];
    for (const filter of [...foreign, ...others, ...inner]) expect(await asked(filter), filter).toBe(0x80);
  });

  test('a command reaches its device only, and one that was away gets it later', async () => {
    const came: string[] = [];
    const hear = (client: mqtt.MqttClient) => client.on('message', (topic) => came.push(topic));
    const sleeping = await rig.connect('acme.pump-1', { clean: false });
    await sleeping.subscribeAsync(`${OWN}/commands/#`, { qos: 1 });
    await sleeping.endAsync();
    const other = await rig.connect('acme.pump-2');
    hear(other);
    await other.subscribeAsync(`${OTHER}/commands/#`, { qos: 1 });
    const control = await rig.connect('svc-control', { clientId: 'svc-control' });
    await publish(control, `to/${OWN}/commands/reboot`, '{}');
    const again = await rig.connect('acme.pump-1', { clean: false, server: 2 });
    hear(again);
    await expect.poll(() => came).toEqual([`${OWN}/commands/reboot`]);
  });

  test("the control loop's account publishes commands and desired states, and hears nothing", async () => {
    const control = await rig.connect('svc-control', { clientId: 'svc-control' });
    for (const filter of ['#', `${OWN}/commands/#`, TELEMETRY]) {
      expect(await answer(control, 'subscribe', filter), filter).toBe(0x80);
    }
    await publish(control, TELEMETRY, 'x').catch(() => {});
    await publish(control, `to/${TELEMETRY}`, 'x').catch(() => {});
    expect(await rig.take()).toEqual([]);
  });

  test('it cannot subscribe without end: each filter is a consumer on three servers', async () => {
    const client = await rig.connect('acme.pump-1', { resubscribe: false });
    const answers: number[] = [];
    for (let n = 0; n < 64; n += 1) answers.push(await answer(client, 'subscribe', `${OWN}/commands/n${n}`));
    expect(answers).toEqual(answers.map((_, n) => (n < 16 ? 1 : 0x80)));
  });
});

test('ingest may take and acknowledge, and neither make nor remove', async () => {
  const ingest = await rig.nats('svc-ingest');
  for (const subject of [
    '$JS.API.STREAM.DELETE.$MQTT_msgs',
    '$JS.API.STREAM.PURGE.$MQTT_msgs',
    '$JS.API.STREAM.NAMES',
  ]) {
    await expect(ingest.request(subject, '', { timeout: 1_000 })).rejects.toThrow();
  }
  await ingest.close();
});

test('a change of the registry is in force within two seconds: who is gone is cut, who has a new key must bring it', async () => {
  const [gone, rotated, stays] = [
    await rig.connect('acme.pump-1', { server: 0 }),
    await rig.connect('acme.pump-2', { server: 1 }),
    await rig.connect('umbrella.hive', { server: 2 }),
  ];
  const newKey = generateKey();
  const ends = Promise.all([closed(gone), closed(rotated)]);
  const started = Date.now();
  rig.cluster.sync([
    ...REGISTRY.slice(0, 2),
    device('acme', 'pump-2', await hashKey(newKey)),
    ...REGISTRY.slice(4),
    device('umbrella', 'new'),
  ]);
  await ends;
  expect(Date.now() - started).toBeLessThan(2_000);
  expect(await refused(rig.connect('acme.pump-1'))).toBe('refused');
  expect(await refused(rig.connect('acme.pump-2'))).toBe('refused');
  // A client that took another's place a second ago is let in a second later.
  await expect.poll(() => refused(rig.connect('acme.pump-2', { password: newKey }))).toBe('let in');
  expect(await refused(rig.connect('umbrella.new'))).toBe('let in');
  expect(stays.connected).toBe(true);
  rig.cluster.sync(REGISTRY);
  await expect.poll(() => refused(rig.connect('acme.pump-1'))).toBe('let in');
});

test('a registry file that is broken changes nothing', async () => {
  const { registryFile, said } = rig.cluster;
  const good = readFileSync(registryFile, 'utf8');
  for (const bad of ['', good.slice(0, -1), good.replace('$7$', '$6$'), `${good}root x\n`]) {
    said.length = 0;
    writeFileSync(registryFile, bad);
    await expect.poll(() => said.join()).toContain('the registry stays as it was');
    await expect.poll(() => refused(rig.connect('acme.pump-1'))).toBe('let in');
  }
  writeFileSync(registryFile, good);
});

test('a gatekeeper may go while another one is there; without one nobody comes in, and who is connected stays', async () => {
  const { gatekeepers, startGatekeeper } = rig.cluster;
  const stays = await rig.connect('umbrella.hive');
  await startGatekeeper();
  await gatekeepers[0]!.stop();
  await expect.poll(() => refused(rig.connect('acme.pump-1'))).toBe('let in');
  await gatekeepers[1]!.stop();
  expect(await refused(rig.connect('acme.pump-2', { connectTimeout: 8_000 }))).toBe('refused');
  await publish(stays, telemetryTopic('umbrella', 'hive'), 'still here');
  await startGatekeeper();
  await expect.poll(() => refused(rig.connect('acme.pump-2'))).toBe('let in');
});
