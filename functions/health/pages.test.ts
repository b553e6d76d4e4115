// Health and metrics over the real broker and database: what they say while a part is dead, and once it is back.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { freePort } from '../../lab/ports.ts';
import { runOnce } from '../ingest/run.ts';
import { createLogger } from '../runtime/log.ts';
import { readHealthSettings } from '../settings/health.ts';
import { readIngestSettings } from '../settings/ingest.ts';
import { makePages } from './pages.ts';
import { servePages } from './server.ts';

let rig: Lab;
let origin: string;
let stop: () => Promise<void>;
beforeAll(async () => {
  rig = await startLab({ devices: 1, fsync: true });
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  ({ stop } = await servePages(makePages(readHealthSettings(rig.env('health'))), port, 'api/metrics'));
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
    checks: { database: 'ok', broker: 'ok', ingest: 'has never run' },
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

test('other pages and other methods are refused', async () => {
  expect((await get('api/else')).status).toBe(404);
  expect((await fetch(`${origin}/api/health`, { method: 'POST' })).status).toBe(405);
});
