// A dead letter: seen with its reason and its bytes, and stored once the cause is gone.
import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { expect, inject, test } from 'vitest';
import { telemetryTopic } from '../../domain/topics.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { addDevice } from '../../provisioning/database/registry.ts';
import { openAs, withBrowser } from './browser.ts';
import { report } from './report.ts';

withBrowser();

const DEVICE = { tenant: 'acme', device: 'nested' };

/** How deep a reading of the tenant may be; null: the default. */
const allowDepth = (depth: number | null) =>
  withConnection(inject('platform').databaseUrl, (client) =>
    client.query(
      `insert into public.tenant_limits (tenant_id, max_depth) select id, $2 from public.tenants where slug = $1
       on conflict (tenant_id) do update set max_depth = excluded.max_depth`,
      [DEVICE.tenant, depth],
    ),
  );

/** Publishes as a device that was just added: the broker lets it in within seconds. */
async function publish(device: string, topic: string, payload: string): Promise<void> {
  const { databaseUrl, mqttPort, caFile } = inject('platform');
  const name = { tenant: DEVICE.tenant, device };
  const { username, key: password } = await withConnection(databaseUrl, (client) => addDevice(client, name));
  const client = mqtt.connect(`mqtts://127.0.0.1:${mqttPort}`, {
    protocolVersion: 5,
    username,
    clientId: username,
    password,
    ca: readFileSync(caFile),
    reconnectPeriod: 500,
    reconnectOnConnackError: true,
  });
  client.on('error', () => {}); // Refused until the broker knows the device: it tries again.
  await client.publishAsync(topic, payload, { qos: 1 }).finally(() => client.endAsync());
}

test('a dead letter is looked at, redriven while its cause lasts, and stored when it is gone', async () => {
  await allowDepth(1);
  await publish(DEVICE.device, telemetryTopic(DEVICE.tenant, DEVICE.device), '{"pump":{"pressure":2.5}}');
  const page = await openAs('staff', '/admin/ingest');
  const row = page.getByRole('row').filter({ hasText: 'nested' });
  await row.getByRole('button', { name: /^View dead letter/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('"pressure"').waitFor();
  await dialog.getByRole('button', { name: 'Redrive' }).click();
  await page.getByText('Ingest reads them again within seconds').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await row.getByText('Not stored').waitFor();

  await allowDepth(null);
  await row.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Redrive selected (1)' }).click();
  const askedAt = Date.now();
  await row.getByText('Stored', { exact: true }).waitFor();
  report('a dead letter stored after it was asked for', Date.now() - askedAt);
  const { rows } = await withConnection(inject('platform').databaseUrl, (client) =>
    client.query(
      'select t.payload from public.telemetry as t join public.devices as d on d.id = t.device_id where d.slug = $1',
      [DEVICE.device],
    ),
  );
  expect(rows).toEqual([{ payload: { pump: { pressure: 2.5 } } }]);
});

test('dead letters are filtered and discarded, and stay counted', async () => {
  await withConnection(inject('platform').databaseUrl, (client) =>
    client.query(
      `insert into public.dead_letters (tenant_id, topic, payload, reason, fingerprint)
       select id, 'tenants/acme/devices/unwanted-' || n || '/telemetry', 'x', 'nul-character', 'unwanted-' || n
       from public.tenants, generate_series(1, 3) as n where slug = 'acme'`,
    ),
  );
  const page = await openAs('staff', '/admin/ingest');
  await page.getByLabel('Reason').selectOption('nul-character');
  const unwanted = page.getByRole('row').filter({ hasText: 'unwanted-' });
  await unwanted.nth(2).waitFor();
  await page.getByRole('row').filter({ hasText: 'nested' }).waitFor({ state: 'detached' });

  await unwanted.first().getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Discard selected (1)' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
  await page.getByText('Discarded. Their number stays counted.').waitFor();
  await unwanted.nth(2).waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Discard all that match' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
  await page.getByText('No dead letter matches').waitFor();
  await page.getByText(/[1-9]\d* more from the last 30 days were discarded or beyond the limit/).waitFor();
  await page.getByText(/\d+ of 10,000 letters kept/).waitFor();
});

test('the page and the device’s say what the broker refused', async () => {
  await expect(publish('astray', telemetryTopic(DEVICE.tenant, 'another'), '{}')).rejects.toThrow();
  const page = await openAs('viewer', '/admin/ingest');
  const refused = page.getByRole('region', { name: 'Refused at the broker in the last 24 hours' });
  await refused.getByRole('row').filter({ hasText: 'not the device’s own' }).waitFor();
  await page.getByRole('link', { name: 'Devices' }).first().click();
  await page.getByRole('link', { name: 'astray' }).click();
  await page.getByText('Messages to topics that are not the device’s own').waitFor();
});

test('the page counts what arrives', async () => {
  const page = await openAs('viewer', '/admin/ingest');
  await page.getByRole('heading', { name: 'Readings a minute' }).waitFor();
  await page.getByRole('img', { name: /^Readings a minute since .* [1-9][\d,]* stored/ }).waitFor();
  expect(await page.getByRole('heading', { name: 'Dead letters' }).count()).toBe(0);
});

/** Adds to each minute of the last day of the tenant's ledger. */
const addToDay = (stored: number, overQuota: number) =>
  withConnection(inject('platform').databaseUrl, (client) =>
    client.query(
      `insert into public.ingest_ledger (tenant_id, minute, received, stored, duplicate, rejected, over_quota)
       select t.id, date_trunc('minute', now()) - make_interval(mins => n), $2::int + $3::int, $2, 0, 0, $3
       from public.tenants as t, generate_series(-30, 1439) as n where t.slug = $1
       on conflict (tenant_id, minute) do update set received = ingest_ledger.received + excluded.received,
         stored = ingest_ledger.stored + excluded.stored, over_quota = ingest_ledger.over_quota + excluded.over_quota`,
      [DEVICE.tenant, stored, overQuota],
    ),
  );

test('a day is whole: every minute counts, up to the last one', async () => {
  await addToDay(1000, 0);
  const page = await openAs('viewer', '/admin/ingest');
  const lastWhole = page.getByText('Readings a minute', { exact: true }).locator('..');
  await lastWhole.getByText(/^1,\d{3}$/).waitFor();
  await page.locator('label').filter({ hasText: '24 h' }).click();
  const chart = page.getByRole('img', { name: /^Readings a minute since .*: 1,\d{3},\d{3} stored/ });
  const name = (await chart.getAttribute('aria-label')) ?? (await chart.textContent()) ?? '';
  const stored = Number(/: ([\d,]+) stored/.exec(name)![1]!.replaceAll(',', ''));
  // 119 bars of 12 minutes, and the one that has begun.
  expect(stored).toBeGreaterThanOrEqual(119 * 12 * 1000 + 1000);
  expect(stored).toBeLessThan(121 * 12 * 1000);
});

test('the devices page says that readings are refused', async () => {
  await addToDay(0, 1);
  const page = await openAs('viewer', '/admin/devices');
  await page.getByText(/readings? (was|were) refused today \(UTC\): over this tenant’s rate or daily quota/).waitFor();
  await page.getByRole('link', { name: 'See Ingest' }).click();
  await page
    .getByText(/over quota$/)
    .first()
    .waitFor();
});
