// Commands on their way from the table to a device, through a real broker.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Lab, type LabDevice, startLab } from '../../lab/lab.ts';
import { readControlSettings } from '../settings/control.ts';
import { startCommandSender } from './commands.ts';

let lab: Lab;
let pump: LabDevice;

beforeAll(async () => {
  lab = await startLab({
    devices: [{ tenant: 'acme', device: 'pump' }],
    broker: { config: { maxMessageBytes: 16 * 1024 } },
  });
  [pump] = lab.devices as [LabDevice];
});
afterAll(() => lab?.stop());

/** A running sender; stopped when the test ends. */
function startSender(): string[] {
  const said: string[] = [];
  const settings = readControlSettings({ ...lab.env('control'), MQTT_CONTROL_PASSWORD: lab.serviceKey });
  const sender = startCommandSender(settings, (message) => said.push(message));
  onTestFinished(sender.stop);
  return said;
}

/** The pump, connected; returns what it receives. */
async function listen() {
  const device = await pump.connect();
  onTestFinished(() => device.endAsync(true));
  const received: { topic: string; text: string; contentType: string | undefined }[] = [];
  device.on('message', (topic, payload, { properties }) =>
    received.push({ topic, text: `${payload}`, contentType: properties?.contentType }),
  );
  await device.subscribeAsync('tenants/acme/devices/pump/commands', { qos: 1 });
  return received;
}

const ask = (payload: object) =>
  lab.admin.query('insert into public.device_commands (tenant_id, device_id, payload) values ($1, $2, $3)', [
    pump.tenantId,
    pump.id,
    payload,
  ]);

/** What became of the newest command. */
const newest = async () => {
  const { rows } = await lab.admin.query<{ sent: boolean; error: string | null }>(
    'select sent_at is not null as sent, error from public.device_commands order by requested_at desc limit 1',
  );
  return rows[0];
};

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
  await ask({ text: 'x'.repeat(20_000) });
  const said = startSender();
  await expect.poll(() => said.length, { timeout: 20_000 }).toBe(1);
  await sleep(2500);
  expect(received.map(({ text }) => JSON.parse(text))).toEqual([{ valve: 'open' }]);
  await lab.admin.query('delete from public.device_commands');
});

test('while the database refuses, commands wait; both changes are told once', async () => {
  await lab.admin.query('revoke execute on function ingest.waiting_commands(int) from mqtt_ingest');
  const said = startSender();
  await expect.poll(() => said.length, { timeout: 20_000 }).toBe(1);
  expect(said[0]).toMatch(/^commands wait, they cannot be sent: permission denied/);
  await ask({ valve: 'open' });
  await lab.admin.query('grant execute on function ingest.waiting_commands(int) to mqtt_ingest');
  await expect.poll(() => said.at(-1), { timeout: 20_000 }).toBe('commands can be sent again');
  expect(said).toHaveLength(2);
});
