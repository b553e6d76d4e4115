// A tenant's archive and retention, in a browser: asked for, made by `ops archive run`, downloaded, and read with DuckDB.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, inject, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { withDuck } from '../../ops/archive/parquet.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { DESK_AND_PHONE, inspect, openAs, withBrowser } from './browser.ts';

withBrowser();

const DAY = new Date(Date.now() - 40 * 86_400_000).toISOString().slice(0, 10);
const sql = async (text: string, values: unknown[] = []) =>
  (await withConnection(inject('platform').databaseUrl, (client) => client.query(text, values))).rows;
const archiveRun = async () =>
  (
    await promisify(execFile)(process.execPath, [
      join(ROOT, 'ops/main.ts'),
      'archive',
      'run',
      '--target',
      `local:${inject('platform').name}`,
    ])
  ).stderr;

/** What devices sent on that day, as the table has it. */
let sent: { device: string; at: string; payload: unknown }[];

beforeAll(async () => {
  await sql('update ingest.retention set days = 30, archive = true');
  await sql('select ingest.make_telemetry_partition($1)', [DAY]);
  await sql(
    `insert into public.telemetry (tenant_id, device_id, ts, received_at, message_id, payload)
     select d.tenant_id, d.id, at, at, 'm' || n, jsonb_build_object('n', n, 'text', 'é "' || d.slug)
     from public.devices as d join public.tenants as t on t.id = d.tenant_id and t.slug = 'acme', generate_series(1, 40) as n,
       lateral (select $1::date + n * interval '17.000123 seconds' as at) as x`,
    [DAY],
  );
  sent = await sql(
    `select device_id as device, (extract(epoch from ts) * 1000000)::bigint::text as at, payload from ingest.telemetry_${DAY.replaceAll('-', '')}
     order by 1, 2`,
  );
  await sql('select ingest.retire_day()');
  await archiveRun();
});

test('an owner asks for a day, and gets its readings as a Parquet file with the same rows', async () => {
  const page = await openAs('owner', '/admin/settings');
  const archive = page.getByRole('region', { name: 'Archive' });
  await archive.getByText(`${DAY} to ${DAY}`, { exact: true }).waitFor();
  await archive.getByRole('button', { name: 'Ask for links' }).click();
  await archive.getByText('The next run of the archive makes the links').waitFor();
  expect(await archive.getByRole('button', { name: 'Ask for links' }).count()).toBe(0);
  expect(await archiveRun()).toContain('1 link(s)');
  await page.reload();
  const link = archive.getByRole('link', { name: `Download ${DAY}` });
  await link.waitFor();
  await inspect(page, DESK_AND_PHONE, 'archive');
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  expect(download.suggestedFilename()).toMatch(new RegExp(`^readings-${DAY}-[0-9a-f]{8}\\.parquet$`));
  const file = await download.path();
  const read = await withDuck((duck) =>
    duck.rows(
      `select device_id::varchar as device, epoch_us(ts)::varchar as at, payload from read_parquet('${file}', hive_partitioning = false)
       order by 1, 2`,
    ),
  );
  expect(read.map((row) => ({ ...row, payload: JSON.parse(String(row.payload)) }))).toEqual(sent);
  // Without a session, as a program has it; and not without its signature.
  const url = new URL((await link.getAttribute('href'))!, inject('platform').url);
  expect((await fetch(url)).status).toBe(200);
  url.searchParams.set('until', '9999999999');
  expect((await fetch(url)).status).toBe(403);
});

test('an owner keeps readings for fewer days, is warned of what that takes, and takes it back', async () => {
  const page = await openAs('owner', '/admin/settings');
  const retention = page.getByRole('region', { name: 'Retention' });
  await retention.getByText('Readings stay for 30 days.').waitFor();
  await retention.getByLabel('Days').fill('7');
  await retention.getByRole('button', { name: 'Change' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/of today’s readings are from before .* leave the platform and go into the archive/).waitFor();
  await inspect(page, DESK_AND_PHONE, 'retention');
  const [{ name }] = (await sql("select name from public.tenants where slug = 'acme'")) as [{ name: string }];
  await dialog.getByLabel(/^Type /).fill(name);
  await dialog.getByRole('button', { name: 'Keep fewer days' }).click();
  await retention.getByText(/From \d{4}-\d\d-\d\d on, readings stay for 7 days only/).waitFor();
  await retention.getByRole('button', { name: 'Keep 30 days' }).click();
  await retention.getByText(/readings stay for 7 days only/).waitFor({ state: 'detached' });
});

test.each(['staff', 'viewer'] as const)(
  'a member who is %s sees the retention, and nothing of the archive',
  async (person) => {
    const page = await openAs(person, '/admin/settings');
    const retention = page.getByRole('region', { name: 'Retention' });
    await retention.getByText('Readings stay for 30 days.').waitFor();
    expect(await retention.getByRole('button').count()).toBe(0);
    expect(await page.getByRole('region', { name: 'Archive' }).count()).toBe(0);
  },
);
