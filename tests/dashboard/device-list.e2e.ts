// Many devices: imported from a file with their keys, found, tagged, sorted, and changed at once; by mouse, by keyboard, as each role.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { DESK_AND_PHONE, inspect, openAs, withBrowser } from './browser.ts';
import { WINDOWS } from './places.ts';

withBrowser();

/** A device that was added or switched is in force on the broker within seconds (MQTT-4). */
const REGISTRY_MS = 30_000;
/** The tests run on busy machines. */
const SOON = { timeout: 30_000 };

let dir: string;
let file: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-import-'));
  file = join(dir, 'fleet.csv');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const slugs = (page: Page) => page.locator('tbody th a').allTextContents();
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

async function choose(page: Page, text: string) {
  writeFileSync(file, text);
  await page.getByLabel('File').setInputFiles(file);
}

test('a file is previewed, imported once, and its keys connect; Back and a reload do not lose them', async () => {
  const page = await openAs('staff', '/admin/devices');
  await button(page, 'Import').click();
  await choose(page, 'slug,name\nfleet-1,One\nFleet 2,Two\n');
  await page.getByText('Line 3: slug: "Fleet 2" is not allowed.').waitFor();
  expect(await button(page, 'Add devices').isDisabled()).toBe(true);
  const fleet = `slug,name,tags\n${Array.from({ length: 12 }, (_, n) => `fleet-${n + 1},Fleet ${n + 1},fleet`).join('\n')}`;
  await choose(page, fleet);
  await page.getByText('12 devices will be added.').waitFor();
  await button(page, 'Add 12 devices').click();
  await page.getByRole('heading', { name: '12 devices added' }).waitFor();
  expect(await button(page, 'I have stored the file').isDisabled()).toBe(true);

  await page.goBack();
  await page.getByText('The keys are not stored yet.').waitFor();
  const asked = page.waitForEvent('dialog');
  const reloaded = page.reload().catch(() => 'stayed');
  await (await asked).dismiss();
  await Promise.race([reloaded, page.waitForTimeout(500)]);
  const [credentials] = await Promise.all([page.waitForEvent('download'), button(page, 'Credentials').click()]);
  await credentials.saveAs(join(dir, 'credentials.csv'));
  await button(page, 'I have stored the file').click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  const lines = readFileSync(join(dir, 'credentials.csv'), 'utf8').trim().split('\n');
  expect(lines).toHaveLength(13);
  const [device, username, password, , topic] = lines[12]!.split(',');
  expect(device).toBe('fleet-12');
  const { mqttPort, caFile } = inject('platform');
  const connect = () =>
    mqtt.connectAsync(
      `mqtts://127.0.0.1:${mqttPort}`,
      {
        protocolVersion: 5,
        username: username!,
        password: password!,
        ca: readFileSync(caFile),
        reconnectPeriod: 0,
      },
      false,
    );
  let client: mqtt.MqttClient | undefined;
  await expect
    .poll(
      async () => {
        client ??= await connect().catch(() => undefined);
        return client !== undefined;
      },
      { timeout: REGISTRY_MS },
    )
    .toBe(true);
  await client!.publishAsync(topic!, '{"imported": 7}', { qos: 1 });
  await client!.endAsync();
  await page.getByLabel('Search devices').fill('fleet-12');
  await page.getByRole('row').filter({ hasText: 'imported 7' }).waitFor();

  await button(page, 'Import').click();
  await choose(page, fleet);
  await page.getByText('12 devices of the file are there already and stay as they are.').waitFor();
  expect(await button(page, 'Add devices').isDisabled()).toBe(true);
});

test('search, tag, order and columns stay over a reload; numbers sort by their value', async () => {
  const page = await openAs('viewer', '/admin/devices');
  await page.getByRole('combobox', { name: 'Tag' }).selectOption({ value: 'fleet' });
  await expect.poll(() => slugs(page), SOON).toEqual(Array.from({ length: 12 }, (_, n) => `Fleet ${n + 1}`));
  await button(page, 'Device').click();
  await page.getByLabel('Search devices').fill('fleet 1');
  await expect.poll(() => slugs(page), SOON).toEqual(['Fleet 12', 'Fleet 11', 'Fleet 10', 'Fleet 1']);
  await page.getByText('Columns').first().click();
  await page.getByLabel('Added').check();
  expect(new URL(page.url()).search).toBe('?tag=fleet&sort=-name&q=fleet+1');
  await page.reload();
  await expect.poll(() => slugs(page), SOON).toEqual(['Fleet 12', 'Fleet 11', 'Fleet 10', 'Fleet 1']);
  await page.getByRole('columnheader', { name: 'Added' }).waitFor();
  expect(await page.getByRole('columnheader', { name: /^Device/ }).getAttribute('aria-sort')).toBe('descending');
  // A viewer looks: there is nothing to select, import or change.
  for (const role of ['checkbox', 'switch'] as const)
    expect(await page.locator('table').getByRole(role).count()).toBe(0);
  expect(await button(page, 'Import').count()).toBe(0);
});

test('many devices are tagged, disabled and deleted at once, by the keyboard alone', async () => {
  const page = await openAs('owner', '/admin/devices?tag=fleet');
  await page.getByLabel('Select all on this page').focus();
  await page.keyboard.press('Space');
  await page.getByText('12 selected').waitFor();
  const press = async (name: string) => {
    await button(page, name).focus();
    await page.keyboard.press('Enter');
  };
  await press('Tags');
  await page.getByRole('heading', { name: 'Tag 12 devices?' }).waitFor();
  await page.getByRole('button', { name: 'Remove fleet' }).waitFor();
  await page.keyboard.type('Hall 7, spare');
  await page.keyboard.press('Enter');
  await page.getByText('12 devices changed.').waitFor();
  await page.getByRole('combobox', { name: 'Tag' }).selectOption({ value: 'spare' });
  await page.getByRole('button', { name: 'spare' }).first().waitFor();
  await press('Disable');
  await page.getByRole('heading', { name: 'Disable 12 devices?' }).waitFor();
  await press('Disable 12 devices');
  await page.getByText('12 devices disabled.').waitFor();
  await expect.poll(() => page.getByRole('row').filter({ hasText: 'Disabled' }).count(), SOON).toBe(12);
  await press('Delete');
  await page.getByText('Their readings stay until retention removes them').waitFor();
  await page.getByLabel('Type 12 to confirm').waitFor();
  await page.keyboard.type('12');
  await page.keyboard.press('Enter');
  await page.getByText('12 devices deleted.').waitFor();
  await page.getByText('No match').waitFor();
  await page.getByRole('link', { name: 'Audit' }).click();
  await page
    .getByRole('row')
    .filter({ hasText: 'Devices deleted' })
    .filter({ hasText: '12: fleet-1, fleet-10, fleet-11, …' })
    .waitFor();
});

test('on a phone all devices of a page are selected by one touch', async () => {
  const page = await openAs('owner', '/admin/devices', { viewport: WINDOWS.phone });
  await page.getByText('Select all on this page').click();
  await page.getByText(/^[1-9]\d* selected$/).waitFor();
  await inspect(page, DESK_AND_PHONE, 'select-all');
});
