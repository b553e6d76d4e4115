// The health page while a worker, or its control loop, is dead: how soon it says so, and that it is well again by itself.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { readHealthSettings } from '../settings/health.ts';
import { makePages, type Pages } from './pages.ts';

/** What the page promises; beyond it the test fails. */
const DEAD_WITHIN = { timeout: 5_000, interval: 100 };
/** A worker that was killed leaves a lease that lasts 30 s: the part is back when another holds it. */
const BACK_WITHIN = { timeout: 45_000, interval: 100 };

let rig: Lab;
let pages: Pages;
beforeAll(async () => {
  rig = await startLab({ devices: 1, worker: true });
  pages = makePages(readHealthSettings(rig.env('health')));
});
afterAll(async () => {
  await pages?.close();
  await rig?.stop();
});

const health = async () => {
  const { status, body } = await pages.health();
  return { code: status, ...(JSON.parse(body) as { checks: Record<string, string> }) };
};
/** Milliseconds of what the page needs, for the log. */
const timed = async (what: string, wait: PromiseLike<void>) => {
  const began = performance.now();
  await wait;
  console.log(`${what} after ${Math.round(performance.now() - began)} ms`);
};

test('the control loop of a worker that goes on', async () => {
  await expect.poll(health, BACK_WITHIN).toMatchObject({ code: 200, checks: { control: 'ok' } });
  await rig.admin.query('revoke execute on function ingest.control_work(int, int) from mqtt_ingest');
  const dead = { code: 503, checks: { ingest: 'ok', control: expect.stringContaining('does not run') } };
  // Its next turn has to fail first.
  await timed('dead', expect.poll(health, { ...DEAD_WITHIN, timeout: 6_000 }).toMatchObject(dead));
  await rig.admin.query('grant execute on function ingest.control_work(int, int) to mqtt_ingest');
  await timed('well', expect.poll(health, { timeout: 10_000 }).toMatchObject({ code: 200 }));
});

test('a worker that is killed, and one that takes over', async () => {
  rig.worker.child.kill('SIGKILL');
  const dead = { code: 503, checks: { database: 'ok', broker: 'ok', ingest: expect.stringContaining('does not run') } };
  await timed('dead', expect.poll(health, DEAD_WITHIN).toMatchObject(dead));
  rig.startWorker();
  await timed('well', expect.poll(health, BACK_WITHIN).toMatchObject({ code: 200 }));
});

test('a worker that is stopped in good order gives its lease back, and the next one is well at once', async () => {
  await rig.worker.stop();
  await timed('dead', expect.poll(health, DEAD_WITHIN).toMatchObject({ code: 503 }));
  rig.startWorker();
  await timed('well', expect.poll(health, { timeout: 10_000 }).toMatchObject({ code: 200 }));
});
