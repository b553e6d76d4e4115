// A device's life: added in the dashboard, publishing with the very command the dashboard shows, seen live, commanded,
// switched off.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import { openAs, withBrowser } from './browser.ts';
import { report } from './report.ts';

withBrowser();

const run = promisify(execFile);
/** A device that was added or switched is in force on the broker within seconds (MQTT-4). */
const REGISTRY_MS = 30_000;

let dir: string;
let page: Page;
let command: string;
let key: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-device-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Runs the shown command in the folder with the downloaded files; resolves when mosquitto_pub was acknowledged. */
const publish = (changed = command) => run('sh', ['-c', changed], { cwd: dir, env: { PATH: process.env.PATH } });

/** The broker learns of a change within seconds; until then it refuses. */
const untilAccepted = () =>
  expect
    .poll(
      () =>
        publish().then(
          () => 'accepted',
          () => 'refused',
        ),
      { timeout: REGISTRY_MS },
    )
    .toBe('accepted');

/** Downloads what a click gives into the folder. */
async function download(button: 'button' | 'link', name: string): Promise<void> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole(button, { name }).click()]);
  await file.saveAs(join(dir, file.suggestedFilename()));
}

async function addDevice(): Promise<void> {
  page = await openAs('owner', '/admin/devices', { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.getByRole('button', { name: 'Add device' }).click();
  await page.getByLabel('Name').fill('Cold store');
  await page.getByRole('dialog').getByRole('button', { name: 'Add device' }).click();
  await page.getByRole('heading', { name: 'cold-store is registered' }).waitFor();
  // Back does not lose the key.
  await page.goBack();
  await page.getByText('Store the key before you leave this page.').waitFor();
  await download('button', 'Settings');
  await download('link', 'CA certificate');
  await page.getByRole('button', { name: 'Copy command', exact: true }).click();
  command = await page.evaluate('navigator.clipboard.readText()');
  key = /^-P (.+)$/m.exec(readFileSync(join(dir, 'acme.cold-store.conf'), 'utf8'))![1]!;
}

test('a device is added, publishes with the shown command, is seen live, gets a command, and is switched off', async () => {
  await addDevice();
  expect(command).toContain('mosquitto_pub');
  expect(command).not.toContain(key);

  await untilAccepted();
  let publishedAt = Date.now();
  await page.getByText('The first reading is here').waitFor();
  report('first reading on the screen after publishing', Date.now() - publishedAt);

  await page.getByRole('button', { name: 'Open device' }).click();
  await page.getByRole('heading', { name: 'Cold store' }).waitFor();
  await page.getByRole('cell', { name: '21.5' }).first().waitFor();
  for (const value of ['-18.25', '-17.5', '-16.75']) {
    await publish(command.replace('21.5', value));
    publishedAt = Date.now();
    await page.getByText(value.replace('-', '−')).or(page.getByText(value)).first().waitFor();
    report('a reading on the device page after publishing', Date.now() - publishedAt);
  }

  const device = await connect();
  await expectCommand(device);
  const cut = new Promise((resolve) => device.once('close', () => resolve('cut')));
  const switchedAt = Date.now();
  await page.getByRole('switch', { name: 'Enabled' }).click();
  await page.getByText('Cold store is disabled').waitFor();
  expect(await cut).toBe('cut');
  report('live connection cut after disabling', Date.now() - switchedAt);
  device.end(true);
  await expect(publish()).rejects.toMatchObject({ stderr: expect.stringMatching(/not authori[sz]ed/i) });

  await page.getByRole('switch', { name: 'Enabled' }).click();
  await page.getByText('can connect again').waitFor();
  await untilAccepted();
});

/** The device itself, connected live with its key. */
async function connect(): Promise<mqtt.MqttClient> {
  const { mqttPort } = inject('platform');
  return mqtt.connectAsync(`mqtts://127.0.0.1:${mqttPort}`, {
    protocolVersion: 5,
    username: 'acme.cold-store',
    clientId: 'acme.cold-store',
    password: key,
    ca: readFileSync(join(dir, 'ca.pem')),
    reconnectPeriod: 0,
  });
}

/** Sent from the page, a command arrives at the device, and the page shows that the device has acknowledged it. */
async function expectCommand(device: mqtt.MqttClient): Promise<void> {
  const arrived = new Promise<string>((resolve) =>
    device.once('message', (topic, payload) => resolve(`${topic} ${payload}`)),
  );
  await device.subscribeAsync('tenants/acme/devices/cold-store/commands/#', { qos: 1 });
  await page.getByLabel('Command, as a JSON object').fill('{"defrost": true}');
  await page.getByRole('button', { name: 'Send command' }).click();
  const [topic = '', payload] = (await arrived).split(/ (.*)/);
  expect(payload).toBe('{"defrost": true}');
  const id = topic.split('/').at(-1);
  await device.publishAsync('tenants/acme/devices/cold-store/acks', JSON.stringify({ id, result: 'done' }), { qos: 1 });
  await page.getByText('Acknowledged', { exact: true }).waitFor();
}

/** A device's id, as the database has it. */
const idOf = (tenant: string, slug: string) =>
  withConnection(inject('platform').databaseUrl, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `select d.id from public.devices as d join public.tenants as t on t.id = d.tenant_id
       where t.slug = $1 and d.slug = $2`,
      [tenant, slug],
    );
    return rows[0]!.id;
  });

test('a device of another tenant cannot be opened by its id', async () => {
  const viewer = await openAs('viewer', '/admin/devices');
  for (const [tenant, slug, heading, rows] of [
    ['acme', 'boiler-1', 'Last readings', 1],
    ['globex', 'greenhouse-1', 'There is no such device', 0],
  ] as const) {
    const id = await idOf(tenant, slug);
    const [answer] = await Promise.all([
      viewer.waitForResponse((response) => response.url().includes(`/rest/v1/devices?`) && response.url().includes(id)),
      viewer.goto(`/admin/devices/view?id=${id}`),
    ]);
    await viewer.getByRole('heading', { name: heading }).waitFor();
    // The page hides what is not of its tenant, the database does not even send it.
    expect(await answer.json(), slug).toHaveLength(rows);
  }
});
