// Commands on their way from the table to a device, through a real broker.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { type Mosquitto, startMosquitto } from '../../lab/mosquitto.ts';
import { freePort } from '../../lab/ports.ts';
import { type RunningPostgres, roleUrl } from '../../lab/postgres.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { addDevice, type DeviceKey } from '../../provisioning/database/registry.ts';
import { CONTROL_USERNAME, readControlSettings } from '../settings/control.ts';
import { startCommandSender } from './commands.ts';

const key = generateKey();
let dir: string;
let postgres: RunningPostgres;
let broker: Mosquitto;
let pump: DeviceKey;

beforeAll(async () => {
  dir = makeScratchDir();
  postgres = await startScratchPostgres();
  await withConnection(postgres.url, async (client) => {
    await setLogin(client, 'mqtt_ingest', key);
    pump = await addDevice(client, { tenant: 'acme', device: 'pump', createTenant: true });
  });
  broker = await startMosquitto({
    dir: join(dir, 'broker'),
    port: await freePort(),
    config: { maxMessageBytes: 16 * 1024 },
    registry: [
      { kind: 'device', tenant: 'acme', device: 'pump', passwordHash: await hashKey(pump.key) },
      { kind: 'service', username: CONTROL_USERNAME, purpose: 'control', passwordHash: await hashKey(key) },
    ],
  });
});
afterAll(async () => {
  await broker?.stop();
  await postgres?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A running sender; stopped when the test ends. */
function startSender(): string[] {
  const said: string[] = [];
  const settings = readControlSettings({
    MQTT_BROKER_URL: broker.url,
    MQTT_BROKER_CA: broker.certificates.caFile,
    MQTT_CONTROL_PASSWORD: key,
    EXTERNAL_DATABASE_CONNECTION_STRING: roleUrl(postgres.url, 'mqtt_ingest', key),
  });
  const sender = startCommandSender(settings, (message) => said.push(message));
  onTestFinished(sender.stop);
  return said;
}

/** The pump, connected; returns what it receives. */
async function listen() {
  const device = await mqtt.connectAsync(broker.url, {
    protocolVersion: 5,
    username: pump.username,
    clientId: pump.username,
    password: pump.key,
    ca: readFileSync(broker.certificates.caFile),
  });
  onTestFinished(() => device.endAsync(true));
  const received: { topic: string; text: string; contentType: string | undefined }[] = [];
  device.on('message', (topic, payload, { properties }) =>
    received.push({ topic, text: `${payload}`, contentType: properties?.contentType }),
  );
  await device.subscribeAsync('tenants/acme/devices/pump/commands', { qos: 1 });
  return received;
}

const ask = (payload: object) =>
  withConnection(postgres.url, (client) =>
    client.query('insert into public.device_commands (tenant_id, device_id, payload) values ($1, $2, $3)', [
      pump.tenantId,
      pump.deviceId,
      payload,
    ]),
  );

/** What became of the newest command. */
const newest = () =>
  withConnection(postgres.url, async (client) => {
    const { rows } = await client.query<{ sent: boolean; error: string | null }>(
      'select sent_at is not null as sent, error from public.device_commands order by requested_at desc limit 1',
    );
    return rows[0];
  });

test('a command reaches the device that listens, as JSON and with its id, once', async () => {
  const received = await listen();
  const said = startSender();
  await ask({ valve: 'open' });
  await expect.poll(newest, { timeout: 20_000 }).toEqual({ sent: true, error: null });
  await ask({ valve: 'shut' });
  await expect.poll(() => received.length, { timeout: 20_000 }).toBe(2);
  expect(received.map(({ text }) => JSON.parse(text))).toEqual([{ valve: 'open' }, { valve: 'shut' }]);
  expect(received[0]).toMatchObject({
    topic: 'tenants/acme/devices/pump/commands',
    contentType: 'application/json',
  });
  expect(said).toEqual([]);
});

test('a command to a device that is away is not sent, and says why', async () => {
  startSender();
  await ask({ valve: 'open' });
  await expect.poll(newest, { timeout: 20_000 }).toEqual({ sent: false, error: 'The device was not connected.' });
});

test('a command that cannot be sent makes no other one be sent again', async () => {
  const received = await listen();
  await ask({ valve: 'open' });
  // More than the broker takes: it is not acknowledged, and waits.
  await ask({ text: 'x'.repeat(40_000) });
  const said = startSender();
  await expect.poll(() => said.length, { timeout: 20_000 }).toBe(1);
  await sleep(2500);
  expect(received.map(({ text }) => JSON.parse(text))).toEqual([{ valve: 'open' }]);
  await withConnection(postgres.url, (client) => client.query('delete from public.device_commands'));
});

test('while the database refuses, commands wait; both changes are told once', async () => {
  await withConnection(postgres.url, (client) =>
    client.query('revoke execute on function ingest.waiting_commands(int) from mqtt_ingest'),
  );
  const said = startSender();
  await expect.poll(() => said.length, { timeout: 20_000 }).toBe(1);
  expect(said[0]).toMatch(/^commands wait, they cannot be sent: permission denied/);
  await ask({ valve: 'open' });
  await withConnection(postgres.url, (client) =>
    client.query('grant execute on function ingest.waiting_commands(int) to mqtt_ingest'),
  );
  await expect.poll(() => said.at(-1), { timeout: 20_000 }).toBe('commands can be sent again');
  expect(said).toHaveLength(2);
});
