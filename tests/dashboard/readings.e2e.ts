// A device's readings: the newest of each field, the whole of one, charts of any range, of two fields and of two devices, positions; and
// that the address has what is shown.
import type { Page } from 'playwright-core';
import { beforeAll, expect, inject, test } from 'vitest';
import { DEMO_TENANT } from '../../local/demo-users.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { DESK_AND_PHONE, inspect, openAs, withBrowser } from './browser.ts';

withBrowser();

/** The pages of two devices: one on the move, one with 3,000 fields. */
let tracker: string;
let crowded: string;

beforeAll(() =>
  withConnection(inject('platform').databaseUrl, async (client) => {
    const add = async (slug: string, name: string) => {
      const { rows } = await client.query<{ id: string }>(
        `insert into public.devices (tenant_id, slug, name, created_at)
         select id, $1, $2, now() - interval '40 days' from public.tenants where slug = $3
         returning id`,
        [slug, name, DEMO_TENANT],
      );
      return rows[0]!.id;
    };
    /** Readings as ingest stores them, the newest `ago` seconds old. */
    const send = async (device: string, payload: string, times: number, every: number, ago: number) =>
      client.query(
        `with stored as (
           insert into public.telemetry (tenant_id, device_id, ts, received_at, message_id, payload)
           select d.tenant_id, d.id, t.at, t.at, gen_random_uuid(), (${payload})::jsonb
           from public.devices as d, generate_series(0, $2 - 1) as n, lateral (select now() - make_interval(secs => $4 + n * $3) as at) as t
           where d.id = $1 returning tenant_id, device_id, ts, payload
         )
         select ingest.note_devices(array_agg(s.tenant_id), array_agg(s.device_id), array_agg(s.ts), array_agg(null::real),
           array_agg(null::real), array_agg(s.ts), array_agg(f.fields), array_agg(tstzmultirange(tstzrange(s.ts, s.ts, '[]'))))
         from (select * from stored order by ts desc limit 1) as s, lateral (
           select jsonb_object_agg(e.key, jsonb_build_array(e.value, 0, extract(epoch from s.ts) * 1000)) as fields
           from (select * from jsonb_each(s.payload) limit 64) as e
         ) as f`,
        [device, times, every, ago],
      );
    tracker = await add('tracker', 'Tracker');
    crowded = await add('crowded', 'Crowded');
    const moving = `format('{"temperature": %s, "gps": {"lat": %s, "lon": 106.816712}, "power": "%s.5", "door": %s, "state": "ok", "": 7,
      "serial": 123456789.25, "edge": %s1e308}', 20 + n % 7, -6.2001 + n / 10000.0, n, (n % 2 = 0)::text, case when n % 2 = 0 then '-' else '' end)`;
    await send(tracker, moving, 300, 8640, 60);
    await send(tracker, moving, 30, 30, 60);
    await send(tracker, `'{"humidity": 41}'`, 1, 1, 5);
    await send(
      crowded,
      `(select jsonb_object_agg('f' || k, k + n) from generate_series(1, 3000) as k)::text`,
      6,
      20,
      5,
    );
  }),
);

const tile = (page: Page, field: string) =>
  page.locator('fieldset').filter({ hasText: 'Newest values' }).getByText(field, { exact: true }).locator('..');
const chart = (page: Page, name: RegExp) => page.getByRole('img', { name });
const choose = (page: Page, label: string) =>
  page
    .locator('label')
    .filter({ hasText: new RegExp(`^${label}$`) })
    .click();
const address = (page: Page) => new URL(page.url()).searchParams;

test('a link to no device says so, and the tab is called as the device is', async () => {
  const page = await openAs('owner', '/admin/devices/view?id=nope');
  await page.getByText('There is no such device').waitFor();
  await page.goto(`/admin/devices/view?id=${tracker}`);
  const heading = page.getByRole('heading', { level: 1 });
  // A number of open alerts may come before it.
  const named = async () => (await page.title()).replace(/^\(\d+\) /, '').replace(/ · mqtt-saas$/, '');
  await expect.poll(async () => (await heading.innerText()).split('\n')[0]).not.toBe('Device');
  await expect.poll(async () => (await heading.innerText()).startsWith(await named())).toBe(true);
});

test('tiles have the newest value of each field with its age, and a reading is shown whole', async () => {
  const page = await openAs('owner', `/admin/devices/view?id=${tracker}`);
  await tile(page, 'gps.lat').waitFor();
  for (const [field, value, exact] of [
    ['gps.lon', '106.8167', '106.816712'],
    ['power', '0.5', '0.5'],
    ['door', 'true', 'true'],
    ['state', 'ok', 'ok'],
    ['""', '7', '7'],
    ['serial', '123,456,789', '123456789.25'],
    ['edge', '-1e+308', '-1e+308'],
    ['humidity', '41', '41'],
  ] as const) {
    const shown = tile(page, field).locator('strong');
    expect([await shown.textContent(), await shown.getAttribute('title')]).toEqual([value, exact]);
  }
  expect(await tile(page, 'gps.lat').textContent()).toMatch(/min ago$/);
  await page.getByRole('button', { name: '+1 more reading' }).first().click();
  await page.getByRole('dialog').getByText('"edge": -1e+308').waitFor();
  await page.keyboard.press('Escape');
  // 1e308 is not a number to calculate with: it can be read, and not be charted.
  expect(await page.getByRole('radio', { name: 'edge' }).count()).toBe(0);
});

test('any range, by name, by its ends or by dragging; a reload and Back show the same', async () => {
  const page = await openAs('owner', `/admin/devices/view?id=${tracker}`);
  await tile(page, 'temperature').click();
  await choose(page, '30 d');
  await chart(page, /^temperature, the last 30 days: between 20 and 26/).waitFor();
  expect([address(page).get('field'), address(page).get('range')]).toEqual(['temperature', '30d']);
  await page.reload();
  const drawn = chart(page, /^temperature, the last 30 days: between/);
  await drawn.waitFor();
  await drawn.scrollIntoViewIfNeeded();
  const box = (await drawn.locator('svg').boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.4, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 5 });
  await page.mouse.up();
  await chart(page, /^temperature, \d.* to .*: between/).waitFor();
  const days = (Number(address(page).get('until')) - Number(address(page).get('from'))) / 86_400;
  expect(days).toBeGreaterThan(5.5);
  expect(days).toBeLessThan(6.5);
  await page.goBack();
  await drawn.waitFor();
  await choose(page, 'From–to');
  const from = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 16);
  await page.getByLabel('From', { exact: true }).fill(from);
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await chart(page, /^temperature, \d.* to .*: between/).waitFor();
  expect(Number(address(page).get('from'))).toBe(Date.parse(from) / 1000);
});

test('two fields, two devices, a switch, and a track', async () => {
  const page = await openAs('owner', `/admin/devices/view?id=${tracker}&field=temperature&range=30d`);
  await chart(page, /^temperature, the last 30 days/).waitFor();
  await chart(page, /^Track of \d+ positions, north up; last near -6\./).waitFor();
  await page.getByLabel('Compare with').selectOption({ label: 'power' });
  await chart(page, /^temperature, .* power, the last 30 days: between 0\.5 and 299\.5/).waitFor();
  await inspect(page, DESK_AND_PHONE, 'two-lines');
  await page.getByLabel('Compare with').focus();
  await page.getByRole('option', { name: 'Crowded' }).waitFor({ state: 'attached' });
  await page.getByLabel('Compare with').selectOption({ label: 'Crowded' });
  await chart(page, /temperature of Crowded: no reading in/).waitFor();
  await page.reload();
  await chart(page, /temperature of Crowded: no reading in/).waitFor();
  // Another field: of the other device it is that field, too, and it can still be taken out.
  await tile(page, 'power').click();
  await chart(page, /power of Crowded: no reading in/).waitFor();
  await page.getByLabel('Compare with').selectOption('');
  await tile(page, 'door').click();
  await chart(page, /^door, the last 30 days: between 0 and 1/).waitFor();
});

test('staff names a field and gives it a unit, for everybody; a viewer may not', async () => {
  const path = `/admin/devices/view?id=${tracker}&field=serial`;
  const page = await openAs('staff', path);
  await page.getByRole('button', { name: 'Name and unit' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Meter');
  await page.getByLabel('Unit').fill('kWh');
  await page.getByLabel('Decimals').fill('1');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The field is saved').waitFor();
  expect(await tile(page, 'Meter').locator('strong').textContent()).toBe('123,456,789.3 kWh');
  const looking = await openAs('viewer', `${path}&with=${tracker}:power`);
  await tile(looking, 'Meter').waitFor();
  await chart(looking, /^Meter, the last 15 minutes: between 123,456,789.3 kWh/).waitFor();
  expect(await looking.getByRole('button', { name: 'Name and unit' }).count()).toBe(0);
  await looking.getByText('Show as table').click();
  const [meter, power] = await looking.locator('details tbody tr').first().locator('td').allTextContents();
  expect(meter).toMatch(/^123,456,789\.3 kWh \(/);
  expect(power).toMatch(/^[\d.]+ \([\d.]+ to [\d.]+\)$/);
});

test('the list of devices writes fields as the page of a device does', async () => {
  await withConnection(inject('platform').databaseUrl, (client) =>
    client.query(
      `insert into public.field_names (tenant_id, field, label, unit) select tenant_id, 'humidity', 'Moisture', '%'
       from public.devices where id = $1`,
      [tracker],
    ),
  );
  const page = await openAs('viewer', '/admin/devices');
  await page.getByRole('row').filter({ hasText: 'Tracker' }).filter({ hasText: 'Moisture 41 %' }).waitFor();
});

test('3,000 fields are folded and found', async () => {
  const page = await openAs('owner', `/admin/devices/view?id=${crowded}`);
  await tile(page, 'f1').waitFor();
  const tiles = page.locator('fieldset').filter({ hasText: 'Newest values' }).locator('strong');
  expect(await tiles.count()).toBe(12);
  await page.getByRole('button', { name: 'Show 60 more' }).click();
  await expect.poll(() => tiles.count()).toBe(72);
  await page.getByLabel('Find one of 3,000 fields').fill('f2999');
  await tile(page, 'f2999').click();
  await chart(page, /^f2999, the last 15 minutes: between 2,999 and 3,004/).waitFor();
});
