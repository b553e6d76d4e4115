// Health and metrics over the real broker and database: what they say while a part is dead, and once it is back.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { issue } from '../../lab/authority.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { freePort } from '../../lab/ports.ts';
import { runOnce } from '../ingest/run.ts';
import { createLogger } from '../runtime/log.ts';
import { readHealthSettings } from '../settings/health.ts';
import { readIngestSettings } from '../settings/ingest.ts';
import { type Figures, judge } from './check.ts';
import { FIGURES, readName } from './figures.ts';
import { makePages } from './pages.ts';
import { servePages } from './server.ts';

const INGEST = 'late_seconds{part="ingest"}';
const CONTROL = 'late_seconds{part="control"}';

let rig: Lab;
let origin: string;
let stop: () => Promise<void>;
beforeAll(async () => {
  rig = await startLab({ devices: 1, fsync: true });
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  ({ stop } = await servePages(
    makePages(readHealthSettings(rig.env('health', { DATABASE_LIMIT_MB: '500' }))),
    port,
    'api/metrics',
  ));
});
afterAll(async () => {
  await stop?.();
  await rig.stop();
});

const get = async (path: string) => {
  const answer = await fetch(`${origin}/${path}`);
  return { status: answer.status, text: await answer.text() };
};
const health = async () => {
  const { status, text } = await get('api/health');
  return { code: status, ...(JSON.parse(text) as { checks: Record<string, string> }) };
};
const metric = async (name: string) => {
  const { text } = await get('api/metrics');
  return new RegExp(`^mqtt_saas_${name} (\\S+)$`, 'm').exec(text)?.[1];
};
const run = () =>
  runOnce(
    readIngestSettings(rig.env('health')),
    createLogger('test', { level: 'silent', pretty: false }),
    new AbortController().signal,
  );

test('degraded until ingest has run, then ok; readings are counted by what became of them', async () => {
  expect(await health()).toMatchObject({
    code: 503,
    checks: { database: 'ok', broker: 'ok', ingest: 'has never run', certificate: 'ok', backup: 'off' },
  });
  await run();
  await rig.devices[0]!.publish(['{"n":1}', '{"n":2}', 'no JSON']);
  await run();
  await expect.poll(health).toMatchObject({ code: 200, checks: { database: 'ok', broker: 'ok', ingest: 'ok' } });
  expect(await metric('readings_total{outcome="received"}'.replace(/[{}]/g, '\\$&'))).toBe('3');
  expect(await metric('readings_total{outcome="stored"}'.replace(/[{}]/g, '\\$&'))).toBe('2');
  expect(await metric('readings_total{outcome="rejected"}'.replace(/[{}]/g, '\\$&'))).toBe('1');
  expect(Number(await metric('ingest_last_run_age_seconds'))).toBeLessThan(60);
  expect(Number(await metric('certificate_not_after_seconds'))).toBeGreaterThan(Date.now() / 1000);
  expect(await metric('devices')).toBe('2');
  expect(await metric('database_limit_bytes')).toBe('500000000');
  expect(await metric('readings_residual')).toBe('0');
  expect(await metric('dead_letters')).toBe('1');
  expect(Number(await metric('ingest_lag_seconds'))).toBeLessThan(60);
  const { text } = await get('api/metrics');
  expect(text).toContain('process_cpu_seconds_total');
  // Nothing names a tenant or a device.
  expect(text).not.toContain(rig.devices[0]!.tenant);
});

test('a dead broker and a dead database are told apart, and each is well again by itself', async () => {
  await rig.broker.stop();
  await expect
    .poll(health, { timeout: 10_000 })
    .toMatchObject({ code: 503, checks: { database: 'ok', broker: 'does not accept a connection' } });
  expect(await metric('mqtt_up')).toBe('0');
  await rig.startBroker();
  await expect.poll(health, { timeout: 10_000 }).toMatchObject({ code: 200 });
  await rig.postgres.stop();
  const unknown = 'unknown while the database does not answer';
  const checks = { broker: 'ok', ingest: unknown, database: 'no answer within 3 s' };
  await expect.poll(health, { timeout: 10_000 }).toMatchObject({ code: 503, checks });
  expect(await metric('db_up')).toBe('0');
  expect(await metric('devices')).toBeUndefined();
  await rig.restartPostgres();
  await expect.poll(health, { timeout: 20_000 }).toMatchObject({ code: 200 });
});

test('each part that is late is named, and what an environment does not have is off', () => {
  const now = Date.now();
  const figures: Figures = {
    lastRunAt: new Date(now),
    askedAt: new Date(now),
    readings: { received: 0, stored: 0, duplicate: 0, rejected: 0, over_quota: 0 },
    databaseBytes: 1,
    devices: 1,
    parts: {},
  };
  const inDays = (days: number) => ({ notAfter: new Date(now + days * 86_400_000 + 1000), refusal: undefined });
  const checks = (parts: Record<string, number>, greeting = inDays(90)) =>
    judge({ figures: { ...figures, parts }, greeting });
  expect(checks({ [INGEST]: -1 })).toMatchObject({
    status: 'ok',
    checks: { control: 'off', backup: 'off', certificate: 'ok' },
  });
  const hoursAgo = (hours: number) => now / 1000 - hours * 3600;
  const fine = {
    [INGEST]: -1,
    [CONTROL]: -1,
    ingest_lag_seconds: 90,
    backup_last_success_timestamp_seconds: hoursAgo(25),
  };
  expect(checks(fine)).toMatchObject({ status: 'ok', checks: { ingest: 'ok', control: 'ok', backup: 'ok' } });
  expect(checks({ ...fine, backup_failing: 1 }).status).toBe('ok');
  expect(checks({ backup_failing: 1 }).checks.backup).toBe('has never succeeded');
  for (const [late, said] of [
    [{ database_read_only: 1 }, { database: 'takes no writes: it is full, or failing over' }],
    [{ [INGEST]: 0.2 }, { ingest: 'does not run, or fails: it is late by 1 s' }],
    [{ ingest_lag_seconds: 600 }, { ingest: 'is 10 minutes behind the broker' }],
    [{ [CONTROL]: 61 }, { control: 'does not run, or fails: it is late by 61 s, and commands and states wait' }],
  ] as const)
    expect(checks({ ...fine, ...late })).toMatchObject({ status: 'degraded', checks: said });
  const { [CONTROL]: _, ...neverControlled } = fine;
  expect(checks({ ...neverControlled, control_loop_ok: 0 }).checks.control).toContain('has never run');
  // Readings and commands get through: nobody should send traffic elsewhere.
  expect(checks({ ...fine, backup_last_success_timestamp_seconds: hoursAgo(27) })).toMatchObject({
    status: 'warning',
    checks: { backup: 'last succeeded 27 hours ago' },
  });
  expect(checks(fine, inDays(13))).toMatchObject({ status: 'warning', checks: { certificate: 'ends in 13 days' } });
});

test('a certificate that has ended is told apart from a broker that is away', async () => {
  const { certificateFile, keyFile, caFile } = rig.broker.certificates;
  const good = [certificateFile, keyFile].map((file) => [file, readFileSync(file)] as const);
  const authority = {
    certificate: readFileSync(caFile, 'utf8'),
    key: readFileSync(join(dirname(caFile), 'ca.key'), 'utf8'),
  };
  const ended = await issue(authority, ['localhost'], ['127.0.0.1'], { from: -30, to: -1 });
  writeFileSync(certificateFile, ended.certificate);
  writeFileSync(keyFile, ended.key);
  rig.broker.child.kill('SIGHUP');
  await expect.poll(health, { timeout: 10_000 }).toMatchObject({
    code: 503,
    checks: { broker: 'does not accept a connection', certificate: 'refused: CERT_HAS_EXPIRED' },
  });
  expect(Number(await metric('certificate_not_after_seconds'))).toBeLessThan(Date.now() / 1000);
  for (const [file, content] of good) writeFileSync(file, content);
  rig.broker.child.kill('SIGHUP');
  await expect.poll(health, { timeout: 10_000 }).toMatchObject({ code: 200 });
});

test('refusals are a counter that outlives their hours, and the figures of every part have a description', async () => {
  await rig.admin.query(`insert into public.refusals (tenant_id, hour, reason, times)
    select t.id, date_trunc('hour', now()), 'wrong-key', 3 from public.tenants as t order by t.slug limit 1`);
  await rig.admin.query('update public.refusals set times = times + 4');
  await rig.admin.query('delete from public.refusals');
  await expect.poll(() => metric('refusals_total')).toBe('7');
  // Figures that are there only once something has happened.
  await rig.admin.query(`
    update ingest.retention set archive = true;
    insert into ingest.archive_runs (started_at, rows, bytes) values (now(), 1, 1);
    insert into ingest.archive_objects (name, tenant_id, day, source, rows, checksum, bytes)
    select format('archive/tenant=%s/day=2026-11-01/%s.parquet', id, repeat('0', 32)), id, '2026-11-01', 'retired_rows', 1, repeat('0', 32), 1
    from public.tenants`);
  const { rows } = await rig.admin.query('select figures from ingest.platform_figures()');
  const names = Object.keys(rows[0].figures).map((text) => readName(text).name);
  expect(names).toEqual(expect.arrayContaining(['ingest_lag_seconds', 'refusals_total', 'archive_waiting_seconds']));
  expect(Object.keys(FIGURES)).toEqual(expect.arrayContaining(names));
});

test('a part whose figures fail, or are none, leaves only its own out', async () => {
  await rig.admin.query(`
    create function ingest.a_figures() returns jsonb language sql as $$ select to_jsonb(1 / 0) $$;
    create function ingest.b_figures() returns jsonb language sql as $$ select '{"backup_bytes": null}'::jsonb $$;
    create function ingest.c_figures() returns jsonb language sql as $$ select '{"backup_failing": "yes"}'::jsonb $$`);
  await sleep(1_100);
  const { status, text } = await get('api/metrics');
  expect(status).toBe(200);
  expect(text).toMatch(/^mqtt_saas_dead_letters 1$/m);
  expect(text).not.toMatch(/backup_/);
  for (const part of ['a', 'b', 'c']) await rig.admin.query(`drop function ingest.${part}_figures()`);
});

test('a page that fails is answered, and the process goes on', async () => {
  const port = await freePort();
  const fail = async () => {
    throw new Error('no such figure');
  };
  const server = await servePages({ health: fail, metrics: fail, close: async () => {} }, port, 'api/metrics');
  expect((await fetch(`http://127.0.0.1:${port}/api/metrics`)).status).toBe(500);
  await server.stop();
});

test('other pages and other methods are refused', async () => {
  expect((await get('api/else')).status).toBe(404);
  expect((await fetch(`${origin}/api/health`, { method: 'POST' })).status).toBe(405);
});
