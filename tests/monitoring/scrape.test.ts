// A scrape with 10,000 devices costs the database one statement.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePages, type Pages } from '../../functions/health/pages.ts';
import { readHealthSettings } from '../../functions/settings/health.ts';
import { type Lab, startLab } from '../../lab/lab.ts';

const DEVICES = 10_000;
const TENANTS = 100;

let rig: Lab;
let pages: Pages;
beforeAll(async () => {
  rig = await startLab({ devices: 1, fsync: true });
  await rig.admin.query(
    `insert into public.tenants (slug, name) select 'many-' || n, 'Many' from generate_series(1, ${TENANTS}) as n`,
  );
  await rig.admin.query(`insert into public.devices (tenant_id, slug, name)
    select t.id, 'device-' || n, 'Device' from public.tenants as t cross join generate_series(1, ${DEVICES / TENANTS}) as n
    where t.slug like 'many-%'`);
  await rig.admin.query(`insert into public.device_status (tenant_id, device_id, last_received_at, offline_since)
    select d.tenant_id, d.id, now(), case when random() < 0.3 then now() end from public.devices as d`);
  await rig.admin.query('analyze');
  await rig.admin.query(`alter role mqtt_ingest set log_statement = 'all'`);
  pages = makePages(readHealthSettings(rig.env('scrape')));
});
afterAll(async () => {
  await pages?.close();
  await rig?.stop();
});

/** Statements of the platform's role that the server has logged. */
const statements = () =>
  (readFileSync(rig.postgres.logFile, 'utf8').match(/LOG: {2}(?:statement|execute [^:]*): .*/g) ?? []).filter((line) =>
    line.includes('platform_figures'),
  ).length;

test('asks the database once a second, with one statement, however many ask at the same time', async () => {
  const first = await pages.metrics();
  expect(first.body).toMatch(/^mqtt_saas_devices 1000[12]$/m);
  expect(Number(/^mqtt_saas_offline_devices (\d+)$/m.exec(first.body)?.[1])).toBeGreaterThan(2_000);
  const before = statements();
  await Promise.all(Array.from({ length: 20 }, () => pages.metrics()));
  expect(statements()).toBe(before);
  await sleep(1_100);
  const began = performance.now();
  await Promise.all(Array.from({ length: 20 }, () => pages.metrics()));
  console.log(`a scrape with ${DEVICES} devices took ${Math.round(performance.now() - began)} ms`);
  expect(statements()).toBe(before + 1);
});
