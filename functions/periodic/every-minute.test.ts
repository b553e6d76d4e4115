// The Function App's run of the periodic jobs, on a real database with the role of the jobs.
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { generateKey } from '../../domain/credentials.ts';
import { roleUrl } from '../../lab/postgres.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { startTestDatabase, type TestDatabase } from '../../provisioning/database/testing/database.ts';
import { everyMinute, everyMinuteOnTimer } from './every-minute.ts';
import { JOBS, type Job } from './jobs.ts';

let rig: TestDatabase;
let environment: Record<string, string>;
beforeAll(async () => {
  rig = await startTestDatabase();
  const key = generateKey();
  await setLogin(rig.admin, 'mqtt_ingest', key);
  environment = { EXTERNAL_DATABASE_CONNECTION_STRING: roleUrl(rig.postgres.url, 'mqtt_ingest', key) };
});
afterAll(() => rig.stop());
beforeEach(() => rig.admin.query('delete from ingest.job_runs'));

function keep() {
  const lines: string[] = [];
  const push = (line: string) => lines.push(line);
  return { context: { info: push, warn: push, error: push }, read: () => lines.map((line) => JSON.parse(line)) };
}
const run = (jobs?: readonly Job[], context = keep().context) => everyMinute(context, environment, jobs);
/** Makes everything noted so far older. */
const later = (interval: string) =>
  rig.admin.query(`update ingest.job_runs set started_at = started_at - '${interval}'::interval,
    finished_at = finished_at - '${interval}'::interval, succeeded_at = succeeded_at - '${interval}'::interval,
    known_since = known_since - '${interval}'::interval, held_until = held_until - '${interval}'::interval`);
const ran: string[] = [];
beforeEach(() => ran.splice(0));
const job = (name: string, more: Partial<Job> = {}): Job => ({
  name,
  everyMs: 60_000,
  budgetMs: 1_000,
  run: async () => ran.push(name),
  ...more,
});
const figures = async () => (await rig.admin.query('select ingest.jobs_figures() as f')).rows[0].f;

test('a broker that is set up wrongly does not silence the alert that reports it', async () => {
  await rig.admin.query(`
    insert into public.tenants (slug, name) values ('acme', 'Acme');
    insert into public.devices (tenant_id, slug, name, created_at)
      select id, 'pump', 'Pump', now() - interval '1 day' from public.tenants;
    insert into public.alert_rules (tenant_id, name, kind, device_id, window_minutes, severity)
      select tenant_id, 'silent', 'missing', id, 5, 'critical' from public.devices`);
  const { context, read } = keep();
  const broken = { MQTT_BROKER_URL: 'not a URL', MQTT_BROKER_CA: '/no/such.pem', INGEST_BATCH_CAP: 'none' };
  expect(await everyMinute(context, { ...environment, ...broken })).toMatchObject({ outcome: 'done', left: [] });
  const alerts = await rig.admin.query('select from public.alerts where resolved_at is null');
  expect(alerts.rowCount).toBe(1);
  // A line a job, which alerts on the log read by these members; then the run's own.
  expect(read()).toContainEqual(expect.objectContaining({ job: 'evaluate_alerts', changed: 1 }));
  expect(read().filter(({ msg }) => msg === 'periodic job')).toMatchObject(
    JOBS.map(({ name }) => ({ service: 'every_minute', job: name, ok: true, durationMs: expect.any(Number) })),
  );
  expect(read().at(-1)).toMatchObject({ msg: 'every_minute run', outcome: 'done', turns: JOBS.length });
  expect(Object.keys(await figures()).sort()).toEqual(
    JOBS.map(({ name }) => `job_last_success_age_seconds{job="${name}"}`).sort(),
  );
});

test('the control loop says that it runs after a turn that succeeded, and that it does not after one that failed', async () => {
  const beats = async () => (await rig.admin.query('select part, late_at > now() as alive from ingest.beats')).rows;
  await rig.admin.query('delete from ingest.beats');
  const fail = async () => {
    throw new Error('no broker');
  };
  await run([job('other'), job('control', { run: fail })]);
  expect(await beats()).toEqual([{ part: 'control', alive: false }]);
  await rig.admin.query('delete from ingest.job_runs');
  await run([job('control')]);
  expect(await beats()).toEqual([{ part: 'control', alive: true }]);
});

test('a job that fails or hangs stops no other, and its last success gets old', async () => {
  const fails = async () => {
    throw new Error('no such part');
  };
  const good = [job('bad'), job('hangs'), job('good')];
  await run(good);
  await later('5 minutes');
  ran.splice(0);
  const bad = job('bad', { run: fails });
  // Its budget is so far below zero that the grace is over at once.
  const hangs = job('hangs', { budgetMs: -5_000, run: () => new Promise(() => {}) });
  const { context, read } = keep();
  const { outcome, turns } = await run([bad, hangs, job('good')], context);
  expect([outcome, ran]).toEqual(['failed', ['good']]);
  expect(turns).toMatchObject([
    { job: 'bad', ok: false, error: { message: 'no such part' } },
    { job: 'hangs', ok: false, error: { message: expect.stringContaining('did not end within') } },
    { job: 'good', ok: true },
  ]);
  expect(read()).toContainEqual(expect.objectContaining({ level: 'warn', job: 'bad', ok: false }));
  const ages = await figures();
  expect(ages['job_last_success_age_seconds{job="bad"}']).toBeGreaterThanOrEqual(300);
  expect(ages['job_last_success_age_seconds{job="good"}']).toBeLessThan(300);
});

test('a job that never succeeded is late since it was first tried', async () => {
  await run([job('bad', { run: () => Promise.reject(new Error('never')) })]);
  await later('5 minutes');
  expect((await figures())['job_last_success_age_seconds{job="bad"}']).toBeGreaterThanOrEqual(300);
});

test('what is not due waits, and what was left longest comes first', async () => {
  const jobs = [job('each'), job('hourly', { everyMs: 3_600_000 })];
  await run(jobs);
  await later('1 minute');
  await run(jobs);
  expect(ran).toEqual(['each', 'hourly', 'each']);
  await later('1 hour');
  ran.splice(0);
  await run(jobs);
  expect(ran).toEqual(['hourly', 'each']);
});

test('when time runs out the rest is left, and the next run begins with it', async () => {
  const now = vi.spyOn(performance, 'now');
  const slow = job('slow', {
    run: async () => {
      ran.push('slow');
      const was = performance.now();
      now.mockImplementation(() => was + 60_000);
    },
  });
  const jobs = [slow, job('last')];
  expect(await run(jobs)).toMatchObject({ outcome: 'done', left: ['last'] });
  now.mockRestore();
  await later('1 minute');
  await run(jobs);
  now.mockRestore();
  expect(ran.slice(0, 3)).toEqual(['slow', 'last', 'slow']);
});

test('two runs at once: one does the work, the other skips; a run that died holds its place for a minute', async () => {
  const end = vi.fn();
  const jobs = [job('one', { everyMs: 0, end })];
  const outcomes = (await Promise.all([run(jobs), run(jobs)])).map(({ outcome }) => outcome);
  expect(outcomes.sort()).toEqual(['done', 'skipped']);
  // The run that skips takes nothing from the one that works: both are of one process.
  expect(end).toHaveBeenCalledTimes(1);
  expect(await run(jobs)).toMatchObject({ outcome: 'skipped' });
  await later('21 seconds');
  expect(await run(jobs)).toMatchObject({ outcome: 'done' });
  await later('1 minute');
  await rig.admin.query("select ingest.begin_run('every_minute', 58000)");
  await later('57 seconds');
  expect(await run(jobs)).toMatchObject({ outcome: 'skipped' });
  await later('2 seconds');
  expect(await run(jobs)).toMatchObject({ outcome: 'done' });
});

test("a clock that was set back stops nothing, and the machine's role reads when the timers ran", async () => {
  await run([]);
  await later('-1 day');
  expect(await run([])).toMatchObject({ outcome: 'done' });
  await later('4 minutes');
  await rig.admin.query("select ingest.acquire_lease('mqtt-ingest', 'me', '30 seconds')");
  const { rows } = await (await rig.open('broker_sync')).query(
    'select name, extract(epoch from clock_timestamp() - ran_at)::float8 as age from broker.heartbeats order by name',
  );
  expect(rows).toMatchObject([{ name: 'every_minute' }, { name: 'mqtt_ingest' }]);
  expect(rows[0].age).toBeGreaterThanOrEqual(240);
  expect(rows[1].age).toBeLessThan(240);
});

test('the timer counts a failure where a job fails, and says what is not set', async () => {
  const { context } = keep();
  await expect(everyMinute(context, {})).rejects.toThrow(
    /^1 setting\(s\) to correct:\n {2}EXTERNAL_DATABASE_CONNECTION_STRING is missing/,
  );
  vi.stubEnv('EXTERNAL_DATABASE_CONNECTION_STRING', environment.EXTERNAL_DATABASE_CONNECTION_STRING);
  await rig.admin.query('revoke execute on function ingest.due_rules(int) from mqtt_ingest');
  await expect(everyMinuteOnTimer(context)).rejects.toThrow(/^every_minute: evaluate_alerts \(permission denied/);
  await rig.admin.query('grant execute on function ingest.due_rules(int) to mqtt_ingest');
  vi.unstubAllEnvs();
});
