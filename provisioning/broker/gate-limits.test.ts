// The gate in a real broker: what a client may ask for, and how much it may send.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { devicePrefix, telemetryTopic } from '../../domain/topics.ts';
import {
  answer,
  closed,
  code,
  device,
  eachBroker,
  OWN,
  passwordHash,
  publish,
  REGISTRY,
  TELEMETRY,
} from './gate/testing/rig.ts';
import { SERVICE_RIGHTS } from './registry.ts';

/** One account of each kind; svc-probe is the machine's own. */
const KINDS = ['acme.pump-1', ...Object.keys(SERVICE_RIGHTS).map((purpose) => `svc-${purpose}`), 'svc-probe'];
/** What would allow a share, if rights counted: no agent writes such. */
const RIGHTS = 'read:# read:$share/# read:$share/g/#';

eachBroker(({ broker, start, connect, ingest, log, reload, registryFile }) => {
  // The floor of Mosquitto's version counts on it (CVE-2024-8376).
  test.each([4, 5] as const)('no kind of account gets a shared subscription, version %i', async (protocolVersion) => {
    const file = registryFile();
    const probe = `svc-probe ${passwordHash} ${RIGHTS}\n`;
    const changed = readFileSync(file, 'utf8')
      .replace(/^svc-.*$/gm, `$& ${RIGHTS}`)
      .replace(/^umbrella/m, `${probe}$&`);
    writeFileSync(`${file}.new`, changed, { mode: 0o644 });
    renameSync(`${file}.new`, file);
    await expect.poll(log).toContain('6 accounts are in force');
    for (const username of KINDS) {
      const client = await connect(username, { protocolVersion });
      for (const filter of ['#', '+/#', TELEMETRY, `${OWN}/commands`, '$SYS/#'].map((filter) => `$share/g/${filter}`)) {
        expect(await answer(client, 'subscribe', filter), `${username} ${filter}`).toBe(
          protocolVersion === 5 ? 0x87 : 0x80,
        );
        if (protocolVersion === 5) expect(await answer(client, 'unsubscribe', filter), filter).toBe(0x87);
      }
      // The account itself may subscribe.
      expect(await answer(client, 'subscribe', username.startsWith('svc-') ? '#' : `${OWN}/commands`)).toBe(1);
    }
  });

  test.each([4, 5] as const)('QoS 2 ends the connection, after a reload too, version %i', async (protocolVersion) => {
    const { received } = await ingest();
    await reload();
    for (const username of ['acme.pump-1', 'svc-control']) {
      const client = await connect(username, { protocolVersion });
      const topic = username === 'svc-control' ? `${OWN}/commands/x` : TELEMETRY;
      const outcome = code(publish(client, topic, 'x', { qos: 2 })).then((reason) => `answered with ${reason}`);
      expect(await Promise.race([closed(client), outcome])).toBe('closed');
    }
    await publish(await connect('acme.pump-1'), TELEMETRY, 'last');
    await expect.poll(() => received.map(({ payload }) => payload)).toEqual(['last']);
  });

  // Ten topics of a connection stay in the broker's memory as aliases, up to 64 KiB each, whether refused or not.
  test.each([0, 1] as const)('a long topic ends a connection of MQTT 5, QoS %i', async (qos) => {
    const client = await connect('acme.pump-1');
    const outcome = code(publish(client, `${OWN}/${'x'.repeat(513)}`, 'x', { qos, properties: { topicAlias: 1 } }));
    // QoS 0 is not answered.
    expect(await Promise.race([closed(client), ...(qos ? [outcome] : [])])).toBe('closed');
  });

  test('the properties of a message are few and short, or it is refused', async () => {
    const { received } = await ingest();
    const client = await connect('acme.pump-1');
    const send = (properties: object, qos = 1) => code(publish(client, TELEMETRY, 'x', { qos, properties }));
    expect(await send({ contentType: 'application/json', userProperties: { site: 'a', gate: 'x' } })).toBe(0);
    expect(await send({ userProperties: { much: 'x'.repeat(900) } })).toBe(0);
    for (const properties of [
      { userProperties: { much: 'x'.repeat(1024) } },
      { userProperties: { [`much${'x'.repeat(1024)}`]: '' } },
      { userProperties: { many: Array.from({ length: 1000 }, () => '') } },
      { correlationData: Buffer.alloc(1024) },
      { contentType: 'x'.repeat(1024) },
    ]) {
      expect(await send(properties), JSON.stringify(properties).slice(0, 40)).toBe(0x87);
      await send(properties, 0);
    }
    await publish(client, TELEMETRY, 'last');
    await expect.poll(() => received.map(({ payload }) => payload)).toEqual(['x', 'x', 'last']);
    expect(log()).not.toContain('not bounded');
  });

  test.each([4, 5] as const)('a device subscribes to its commands and to nothing else, version %i', async (version) => {
    const sensor = await connect('acme.pump-1', { protocolVersion: version, resubscribe: false });
    const commands = `${OWN}/commands`;
    const asked = (filter: string) => answer(sensor, 'subscribe', filter);
    for (const filter of [commands, `${commands}/#`, `${commands}/+`, `${commands}/reboot`, `${OWN}/desired`]) {
      expect(await asked(filter), filter).toBe(1);
    }
    const others = devicePrefix('acme', 'pump-2');
    const foreign = [
      '#',
      '+/#',
      TELEMETRY,
      `${OWN}/#`,
      `${OWN}/desired/#`,
      `${OWN}/+`,
      `${others}/desired`,
      `${others}/commands`,
      '$SYS/#',
    ];
    const costly = [`$share/g/${commands}`, `${commands}/a/b`, `${commands}/${'x'.repeat(65)}`, `${commands}/+/+/+`];
    for (const filter of [...foreign, ...costly]) expect(await asked(filter), filter).toBe(version === 5 ? 0x87 : 0x80);
    for (let n = 0; n < 3; n += 1) expect(await asked(`${commands}/n${n}`)).toBe(1);
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
  });

  test("the control loop's account publishes commands and desired states, retained, and may nothing else", async () => {
    const control = await connect('svc-control');
    const may = [`${OWN}/commands`, `${OWN}/commands/x`, `${OWN}/desired`];
    for (const topic of may) expect(await code(publish(control, topic, '{}', { retain: true }))).toBeLessThan(0x80);
    const others = ['telemetry', 'reported', 'acks', 'state', 'desired/x', '-'].map((channel) => `${OWN}/${channel}`);
    for (const topic of [...others, '$gate/done', 'x'])
      expect(await code(publish(control, topic, 'x')), topic).toBe(0x87);
    for (const filter of ['#', ...may, ...others, 'tenants/+/devices/+/reported', '$SYS/#'])
      expect(await answer(control, 'subscribe', filter), filter).toBe(0x87);
    const [own, other] = [await connect('acme.pump-1'), await connect('acme.pump-2')];
    const came: string[] = [];
    own.on('message', (topic) => came.push(topic));
    await own.subscribeAsync(`${OWN}/desired`, { qos: 1 });
    await expect.poll(() => came).toEqual([`${OWN}/desired`]);
    expect(await answer(other, 'subscribe', `${OWN}/desired`)).toBe(0x87);
    // What a device publishes there itself goes nowhere but to the dead letters.
    await publish(own, `${OWN}/desired`, 'x', { retain: true });
    await publish(control, `${OWN}/desired`, '', { retain: true });
    await expect.poll(() => came).toHaveLength(2);
  });

  test('a tenant that sends faster than its rate is cut off for a while; nobody else, and nothing acknowledged is lost', async () => {
    await broker().stop();
    await start({ config: { tenantMessagesPerSecond: 10 } });
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
    for (const username of [undefined, '', '.', 'acme', 'acme.'])
      await connect('acme.pump-1', { username, password: 'wrong' }).catch(() => {});
    const acme = { accepted: 2, wrong_channel: 1, foreign_topic: 1, wrong_key: 1 };
    await expect.poll(() => counts['tenants/acme'], { timeout: 10_000 }).toMatchObject(acme);
    await expect.poll(() => counts.counters, { timeout: 10_000 }).toMatchObject({ ...acme, unknown_device: 1 });
    expect(counts).not.toHaveProperty('tenants/umbrella');
    expect(counts['tenants/acme']).toMatchObject({
      since: expect.any(Number),
      devices: { 'pump-1': ['wrong_key', expect.any(Number)] },
    });
    // Ingest adds what has grown since then: counters that seem to begin again would be counted twice.
    const { since } = counts['tenants/acme']!;
    broker().sync([...REGISTRY, device('acme', 'new')]);
    await expect.poll(() => connect('acme.new').then(() => 'in', String)).toBe('in');
    await code(publish(sensor, telemetryTopic('umbrella', 'hive'), 'x'));
    const grown = { since, wrong_key: 1, foreign_topic: 2 };
    await expect.poll(() => counts['tenants/acme'], { timeout: 10_000 }).toMatchObject(grown);
  });

  test('counters are told to those who are there, and those of a tenant that is gone to nobody', async () => {
    const { client } = await ingest();
    const filter = '$SYS/broker/gate/tenants/+';
    await client.subscribeAsync(filter, { qos: 0 });
    await client.endAsync();
    const sensor = await connect('umbrella.hive');
    for (let n = 0; n < 3; n += 1) {
      await code(publish(sensor, TELEMETRY, 'x'));
      await connect('umbrella.unknown').catch(() => {});
      await sleep(1100);
    }
    const { client: back, received } = await ingest();
    await publish(sensor, telemetryTopic('umbrella', 'hive'), 'x');
    await expect.poll(() => received.at(-1)?.payload).toBe('x');
    expect(received).toHaveLength(1);
    await back.subscribeAsync(filter, { qos: 0 });
    const told = () => received.slice(1).map(({ payload }) => payload);
    await expect.poll(told).toEqual([expect.stringMatching(/"unknown_device":3,.*"foreign_topic":3,/)]);
    broker().sync(REGISTRY.filter((entry) => entry.kind === 'service' || entry.tenant !== 'umbrella'));
    await expect.poll(told).toEqual([expect.any(String), '']);
    const { client: third, received: rest } = await ingest();
    await third.subscribeAsync(filter, { qos: 0 });
    await sleep(500);
    expect(rest).toEqual([]);
  });
});
