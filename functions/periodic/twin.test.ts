// The timers' twins, with a real broker and database behind them.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { openDatabase } from '../database/connection.ts';
import { acquireLease } from '../database/lease.ts';
import { answerTwin } from './twin.ts';

const KEY = 'of-the-test-0123456789-0123456789-0123456789';
let rig: Lab;
beforeAll(async () => {
  rig = await startLab({ devices: 1, broker: MANY_SESSIONS });
});
afterAll(() => rig.stop());
// A clock that goes on by a minute for each test: a twin runs three times a minute at most.
const now = performance.now.bind(performance);
let ahead = 0;
performance.now = () => now() + ahead;
beforeEach(async () => {
  ahead += 60_000;
  await rig.admin.query('delete from ingest.job_runs');
});

const lines: string[] = [];
const keep = (line: string) => lines.push(line);
const context = { info: keep, warn: keep, error: keep };
const call = (name: string | undefined, authorization: string | null = `Bearer ${KEY}`, env = {}) =>
  answerTwin({ name, authorization }, context, { ...rig.env('twin'), TIMER_TWIN_KEY: KEY, ...env });

test('who has no key gets 401 and not a word, and nothing runs', async () => {
  const wrong = [
    null,
    '',
    'Bearer',
    'Bearer ',
    KEY,
    `Basic ${KEY}`,
    `Bearer ${KEY}x`,
    `bearer ${KEY}`,
    `Bearer ${KEY.slice(1)}`,
  ];
  for (const authorization of wrong) expect(await call('every_minute', authorization)).toEqual({ status: 401 });
  // They do not learn which timers there are.
  expect(await call('nothing', 'Bearer x')).toEqual({ status: 401 });
  // Where no key is set nobody may call, whatever is sent for it.
  for (const TIMER_TWIN_KEY of ['', undefined])
    for (const authorization of [...wrong, `Bearer ${KEY}`, 'Bearer undefined', 'Bearer null'])
      expect(await call('every_minute', authorization, { TIMER_TWIN_KEY })).toEqual({ status: 401 });
  await expect(call('every_minute', 'Bearer short', { TIMER_TWIN_KEY: 'short' })).rejects.toThrow('32 characters');
  expect((await rig.admin.query('select from ingest.job_runs')).rowCount).toBe(0);
  expect(lines).toEqual([]);
});

test('the key runs what the timer would: jobs, and what waits on the broker', async () => {
  expect(await call('every_minute')).toEqual({ status: 200, jsonBody: { outcome: 'done' } });
  expect(await call('mqtt_ingest')).toEqual({ status: 200, jsonBody: { outcome: 'idle' } });
  await rig.devices[0]!.publish(['{"n":1}']);
  ahead += 60_000;
  expect(await call('mqtt_ingest')).toEqual({ status: 200, jsonBody: { outcome: 'idle' } });
  expect(await rig.rows(rig.devices[0]!)).toHaveLength(1);
  expect(await call('toString')).toMatchObject({ status: 404 });
  expect(await call(undefined)).toMatchObject({ status: 404 });
});

test('never two runs at once, and none too soon', async () => {
  const database = openDatabase(rig.settings('twin').database);
  const lease = await acquireLease(database, 'twin');
  expect(await call('mqtt_ingest')).toEqual({ status: 409, jsonBody: { outcome: 'skipped' } });
  await lease!.release();
  await database.close();
  expect(await call('mqtt_ingest')).toEqual({ status: 429 });
  // Another instance of the app is told by the database.
  await rig.admin.query("select ingest.begin_run('every_minute', 58000)");
  expect(await call('every_minute')).toEqual({ status: 409, jsonBody: { outcome: 'skipped' } });
});

test('a run that fails is 500, without a reason for the caller; the log has it', async () => {
  const wrong = { MQTT_BROKER_PASSWORD: 'wrong', INGEST_TIME_GUARD_MS: '1000' };
  expect(await call('mqtt_ingest', undefined, wrong)).toEqual({ status: 500, jsonBody: { outcome: 'failed' } });
  expect(lines.at(-1)).toMatch(/"timer":"mqtt_ingest".*broker-unavailable/);
  expect(lines.join()).not.toContain(KEY);
});
