// The gate in a real broker: who is let in, what changes without a signal, and what a reload leaves alone.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type mqtt from 'mqtt';
import { expect, test } from 'vitest';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { devicePrefix, telemetryTopic } from '../../domain/topics.ts';
import {
  answer,
  closed,
  code,
  device,
  eachBroker,
  passwordHash,
  publish,
  REGISTRY,
  SESSION,
  TELEMETRY,
} from './gate/testing/rig.ts';

/** What a refused CONNECT has. */
type Refused = { username: string | undefined; password: string | undefined };

eachBroker(({ broker, start, connect, connectEarly, ingest, log, reload, registryFile, folder, running }) => {
  test('a change of the registry needs no signal: who is gone is cut, who is new comes in, a new key is asked for', async () => {
    const [kept, gone, rotated] = [
      await connect('acme.pump-1'),
      await connect('acme.pump-2'),
      await connect('umbrella.hive'),
    ];
    const ends = [closed(gone), closed(rotated)];
    const next = REGISTRY.filter((entry) => entry.kind === 'service' || entry.device === 'pump-1');
    const newKey = generateKey();
    expect(broker().sync([...next, device('acme', 'new'), device('umbrella', 'hive', await hashKey(newKey))])).toBe(
      true,
    );
    await Promise.all(ends);
    await expect(connect('acme.pump-2')).rejects.toThrow(/Not authorized/);
    await expect(connect('umbrella.hive')).rejects.toThrow(/Not authorized/);
    await connect('umbrella.hive', { password: newKey });
    await connect('acme.new');
    expect(kept.connected).toBe(true);
    await publish(kept, TELEMETRY, 'x');
    expect(log()).not.toContain('Reloading config');
  });

  test('from the moment a new key is in force, a connection with the former one publishes nothing', async () => {
    const publishWhileKeyChanges = async () => {
      broker().sync(REGISTRY);
      const client = await connect('acme.pump-2').catch(() => undefined);
      if (!client) return 'the former key is not in force again';
      const end = closed(client);
      broker().sync([...REGISTRY.slice(0, 3), device('acme', 'pump-2', await hashKey(generateKey()))]);
      const outcome = await Promise.race([code(publish(client, telemetryTopic('acme', 'pump-2'), 'x')), end]);
      await end;
      return outcome;
    };
    // The gate looks at the file, judges the message, and only then cuts the connection off. It looks every 20 ms, so not each time.
    await expect.poll(publishWhileKeyChanges, { timeout: 10_000 }).toBe(0x87);
  });

  test('a file that is broken, or without ingest, changes nothing', async () => {
    const file = registryFile();
    const good = readFileSync(file, 'utf8');
    const refused = () => log().split('is refused: ').length - 1;
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
    expect(log()).not.toContain(passwordHash.slice(10));
    await broker().stop();
    const configure = (text: string) =>
      text.replace(/^(plugin_opt_registry_file) .*/m, `$1 ${join(folder(), 'nowhere')}`);
    await expect(start({ dir: join(folder(), 'c'), configure })).rejects.toThrow(/nowhere is refused: cannot be read/);
    await start();
  });

  test('a device that is added under a former name does not get what waited for the former device', async () => {
    const first = await connect('acme.pump-2', SESSION);
    await first.subscribeAsync(`${devicePrefix('acme', 'pump-2')}/commands/#`, { qos: 1 });
    await first.endAsync();
    const control = await connect('svc-control');
    const command = (text: string) => publish(control, `${devicePrefix('acme', 'pump-2')}/commands/x`, text);
    await command('old');
    // Whose connection ends when the registry is in force.
    const witness = closed(await connect('umbrella.hive'));
    broker().sync(REGISTRY.slice(0, 3));
    await witness;
    await command('between');
    broker().sync(REGISTRY);
    const came: string[] = [];
    const second = await connectEarly('acme.pump-2', (text) => came.push(text));
    await expect.poll(() => second.connected).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await command('new');
    await expect.poll(() => came).toEqual(['new']);
  });

  test('a hash that would take the broker for minutes lets nobody in and stops nobody', async () => {
    // Neither the database nor an agent lets such a hash pass.
    const file = registryFile();
    const costly = readFileSync(file, 'utf8').replace(/^(umbrella.hive \$7)\$101/m, '$1$999999999');
    writeFileSync(file, costly);
    await expect.poll(() => connect('umbrella.hive').then(() => 'in', String)).toContain('Not authorized');
    await connect('acme.pump-1');
  });

  test.each([
    ['without a user name', (): Refused => ({ username: undefined, password: undefined })],
    ['with a wrong key', (username: string): Refused => ({ username, password: 'wrong' })],
  ])('a CONNECT %s, under the name of ingest, harms nobody', async (_, options) => {
    const { client, received } = await ingest();
    for (const clientId of ['svc-ingest', 'acme.pump-1']) {
      const refused = connect(clientId, { clientId, ...options(clientId) } as mqtt.IClientOptions);
      await expect(refused).rejects.toThrow();
    }
    await reload();
    const sensor = await connect('acme.pump-1');
    await publish(sensor, TELEMETRY, 'x');
    await expect.poll(() => received).toHaveLength(1);
    // Its session is still its own, and is saved: it gets what comes while it is away, and the broker restarts.
    await client.endAsync();
    await publish(sensor, TELEMETRY, 'y');
    await broker().stop();
    await start();
    const again = await ingest();
    await expect.poll(() => again.received.map(({ payload }) => payload)).toEqual(['y']);
    expect(running()).toBe(true);
  });

  test('a reload while ingest is away, before and after a restart, loses nothing', async () => {
    const { client } = await ingest();
    await client.endAsync();
    const send = async (text: string) => publish(await connect('acme.pump-1'), TELEMETRY, text);
    await send('1');
    await reload();
    await send('2');
    await broker().stop();
    await start();
    await send('3');
    await reload();
    await send('4');
    const { received } = await ingest();
    await expect.poll(() => received.map(({ payload }) => payload)).toEqual(['1', '2', '3', '4']);
  });

  test('the control account ends the session of a device that is gone, and may do nothing else by its name', async () => {
    const asleep = await connect('acme.pump-2', SESSION);
    await asleep.subscribeAsync(`${devicePrefix('acme', 'pump-2')}/commands`, { qos: 1 });
    await asleep.endAsync();
    const control = await connect('svc-control');
    await publish(control, `${devicePrefix('acme', 'pump-2')}/commands`, 'of the former one');
    const key = { password: `svc-control:${control.options.password}`, clean: true };
    const inState = async () => {
      await broker().save();
      const state = readFileSync(join(broker().stateDir, 'mosquitto.db'));
      return ['acme.pump-2', 'of the former one'].filter((text) => state.includes(text));
    };
    await expect(connect('acme.pump-2', key)).rejects.toThrow(/Not authorized/);
    broker().sync(REGISTRY.filter((entry) => entry.kind === 'service' || entry.device !== 'pump-2'));
    await expect.poll(log).toContain(`gate: ${REGISTRY.length - 1} accounts are in force`);
    for (const password of [
      'svc-control:wrong',
      key.password.slice(12),
      key.password.replace('control', 'ingest'),
      ':',
    ])
      await expect(connect('acme.pump-2', { ...key, password })).rejects.toThrow(/Not authorized/);
    await expect(connect('svc-former', key)).rejects.toThrow(/Not authorized/);
    expect(await inState()).toHaveLength(2);
    const sweeper = await connect('acme.pump-2', key);
    await expect(publish(sweeper, telemetryTopic('acme', 'pump-2'), 'x')).rejects.toThrow();
    expect(await answer(sweeper, 'subscribe', `${devicePrefix('acme', 'pump-2')}/commands`)).toBe(0x87);
    await sweeper.endAsync();
    expect(await inState()).toEqual([]);
  });
});
