// Commands on their way from the table to a device, through a real broker.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Lab, type LabDevice, startLab } from '../../lab/lab.ts';
import { readControlSettings } from '../settings/control.ts';
import { startCommandSender } from './commands.ts';

let lab: Lab;
let pump: LabDevice;

beforeAll(async () => {
  lab = await startLab({
    devices: [
      { tenant: 'acme', device: 'pump' },
      { tenant: 'acme', device: 'valve' },
    ],
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
async function listen(protocolVersion: 4 | 5 = 5) {
  const device = await pump.connect({ protocolVersion });
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

test.each([4, 5] as const)(
  'a device that speaks protocol %s (4 is MQTT 3.1.1): away, connected, listening, gone',
  async (protocolVersion) => {
    startSender();
    const away = { sent: false, error: 'The device was not connected.' };
    await ask({ valve: 'open' });
    await expect.poll(newest, { timeout: 20_000 }).toEqual(away);
    const device = await pump.connect({ protocolVersion });
    const received: string[] = [];
    device.on('message', (_, payload) => received.push(`${payload}`));
    // It is connected, and does not listen.
    await ask({ valve: 'ajar' });
    await expect.poll(newest, { timeout: 20_000 }).toEqual(away);
    await device.subscribeAsync('tenants/acme/devices/pump/commands', { qos: 1 });
    await ask({ valve: 'shut' });
    await expect.poll(newest, { timeout: 20_000 }).toEqual({ sent: true, error: null });
    await expect.poll(() => received.length, { timeout: 20_000 }).toBe(1);
    await device.endAsync();
    await ask({ valve: 'late' });
    await expect.poll(newest, { timeout: 20_000 }).toEqual(away);
    // What was not sent is not sent later.
    expect(await listen(protocolVersion)).toEqual([]);
    expect(received.map((text) => JSON.parse(text))).toEqual([{ valve: 'shut' }]);
  },
);

test('one device is here and another away: each command has its own answer', async () => {
  const received = await listen();
  await ask({ n: 1 });
  await lab.admin.query('insert into public.device_commands (tenant_id, device_id, payload) values ($1, $2, $3)', [
    pump.tenantId,
    lab.devices[1]!.id,
    { n: 2 },
  ]);
  await ask({ n: 3 });
  startSender();
  const answers = async () =>
    (
      await lab.admin.query<{ n: number; error: string | null }>(
        "select (payload ->> 'n')::int as n, error from public.device_commands where payload ? 'n' and (sent_at is not null or error is not null) order by 1",
      )
    ).rows;
  await expect.poll(answers, { timeout: 20_000 }).toEqual([
    { n: 1, error: null },
    { n: 2, error: 'The device was not connected.' },
    { n: 3, error: null },
  ]);
  await expect.poll(() => received.length, { timeout: 20_000 }).toBe(2);
});

test('a command that the broker refuses says so, and the next one is sent', async () => {
  const received = await listen();
  const file = join(lab.dir, 'broker/registry');
  const text = readFileSync(file, 'utf8');
  onTestFinished(() => writeFileSync(file, text));
  writeFileSync(file, text.replace(' write:tenants/+/devices/+/commands/#', ''));
  await ask({ valve: 'open' });
  startSender();
  await expect
    .poll(newest, { timeout: 20_000 })
    .toEqual({ sent: false, error: 'The broker refused it: Not authorized (0x87).' });
  writeFileSync(file, text);
  await sleep(300);
  await ask({ valve: 'shut' });
  await expect.poll(() => received.length, { timeout: 20_000 }).toBe(1);
});

test('a command that cannot be sent makes no other one be sent again', async () => {
  const received = await listen();
  await ask({ valve: 'open' });
  // More than the broker takes: it is not acknowledged, and tried again later.
  await ask({ text: 'x'.repeat(40_000) });
  await ask({ valve: 'shut' });
  const said = startSender();
  await expect.poll(() => received.length, { timeout: 20_000 }).toBe(2);
  expect(said[0]).toMatch(/^commands wait, they cannot be sent: the (connection|broker)/);
  const ended = async () => {
    const { rows } = await lab.admin.query<{ error: string | null }>(
      "select error from public.device_commands where payload ? 'text'",
    );
    return rows[0]?.error;
  };
  await expect.poll(ended, { timeout: 90_000 }).toMatch(/^The broker did not confirm it/);
  expect(received.map(({ text }) => JSON.parse(text))).toEqual([{ valve: 'open' }, { valve: 'shut' }]);
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
