// Roll-ups: made from what ingest noted, right after late readings, and a chart that reads them is the chart of the readings.
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { type Database, openDatabase } from '../../functions/database/connection.ts';
import { rollUp as rollUpDevices } from '../../functions/rollup/roll-up.ts';
import { readPeriodicSettings } from '../../functions/settings/periodic.ts';
import { roleUrl } from '../../lab/postgres.ts';
import { setLogin } from './login.ts';
import { startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makePerson, type Person, SELF_SERVICE } from './testing/world.ts';

let database: TestDatabase;
let job: Database;
let ann: Person;
let tenant: string;
let device: string;

beforeAll(async () => {
  database = await startTestDatabase();
  const key = generateKey();
  await setLogin(database.admin, 'mqtt_ingest', key);
  const EXTERNAL_DATABASE_CONNECTION_STRING = roleUrl(database.postgres.url, 'mqtt_ingest', key);
  job = openDatabase(readPeriodicSettings({ EXTERNAL_DATABASE_CONNECTION_STRING }).database);
  await database.admin.query(SELF_SERVICE);
  ann = await makePerson(database.admin, 'ann@acme.example');
  const { rows } = await database.asUser(ann, "select public.create_tenant('acme', 'Acme') as id");
  tenant = rows[0].id;
});
afterAll(async () => {
  await job?.close();
  await database?.stop();
});

let n = 0;
beforeEach(async () => {
  n += 1;
  const { rows } = await database.asUser(ann, 'select public.add_device($1, $2, $2, $3) as id', [
    tenant,
    `boiler-${n}`,
    await hashKey(generateKey()),
  ]);
  device = rows[0].id;
});

const admin = async (sql: string, values: unknown[] = []) => (await database.admin.query(sql, values)).rows;
/** The beginning of an hour that is long over. */
const HOUR = "date_trunc('hour', now() - interval '5 hours')";

/** Stores readings as ingest does: from `from` on, `every` seconds, while the device reports every `gap` seconds. */
async function send(
  payload: string,
  { from = HOUR, times = 1, every = 1, gap }: { from?: string; times?: number; every?: number; gap?: number } = {},
): Promise<void> {
  await admin(
    `with stored as (
       insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
       select $1, $2, ${from} + make_interval(secs => n * $4), gen_random_uuid(), (${payload})::jsonb
       from generate_series(0, $3::int - 1) as n
       returning ts
     )
     select ingest.note_devices(array[$1::uuid], array[$2::uuid], array[now()], array[$5::real], array[null::real],
       array[max(ts)], array['{}'::jsonb],
       array[tstzmultirange(tstzrange(date_trunc('minute', min(ts)), date_trunc('minute', max(ts)) + interval '1 minute'))])
     from stored`,
    [tenant, device, times, every, gap ?? every],
  );
}

/** A turn of the job. */
const rollUp = () => rollUpDevices(job, pino({ level: 'silent' }), () => 60_000);

const rollups = () =>
  admin(
    `select step, (extract(epoch from bucket - ${HOUR}) / 60)::int as minute, readings, fields, is_whole
     from public.telemetry_rollups where device_id = $1 and step < 86400 order by step, bucket`,
    [device],
  );

/** As a member, from an hour earlier to an hour later. @param seconds of a span. */
const chart = async (field: string, seconds: number) =>
  (
    await database.asUser(
      ann,
      `select * from public.device_chart($1, $2, ${HOUR} - interval '1 hour', ${HOUR} + interval '2 hours', $3)`,
      [device, field, 10_800 / seconds],
    )
  ).rows;

it('a device that reports each second gets minutes and an hour, which are right again after a late reading', async () => {
  await send(`format('{"t": %s, "name": "x", "at": {"lat": 1.5}, "on": %s, "text": "7"}', n % 60, (n % 2 = 0)::text)`, {
    times: 120,
  });
  await rollUp();
  const fields = {
    t: [60, 0, 29.5, 59, 59],
    'at.lat': [60, 1.5, 1.5, 1.5, 1.5],
    on: [60, 0, 0.5, 1, 0],
    text: [60, 7, 7, 7, 7],
  };
  const minutes = [0, 1].map((minute) => ({ step: 60, minute, readings: 60, fields, is_whole: true }));
  const twice = Object.fromEntries(Object.entries(fields).map(([name, [, ...rest]]) => [name, [120, ...rest]]));
  expect(await rollups()).toEqual([
    ...minutes,
    { step: 3600, minute: 0, readings: 120, fields: twice, is_whole: true },
  ]);
  await send(`'{"t": 1000}'`, { from: `${HOUR} + interval '59.5 seconds'`, gap: 1 });
  await rollUp();
  const [late, , hour] = await rollups();
  expect(late).toMatchObject({ readings: 61, fields: { t: [61, 0, 45.4098361, 1000, 1000] } });
  expect(hour).toMatchObject({ readings: 121, fields: { t: [121, 0, 37.5206612, 1000, 59] } });
});

it('a late reading of a device that has become slow has its earlier minutes made again', async () => {
  await send(`'{"t": 1}'`, { times: 60 });
  await rollUp();
  for (let times = 0; times < 7; times++) await send(`'{"t": 1}'`, { from: 'now()', gap: 600 });
  await send(`'{"t": 1000}'`, { from: `${HOUR} + interval '59.5 seconds'`, gap: 600 });
  await rollUp();
  expect(await rollups()).toMatchObject([
    { step: 60, readings: 61, fields: { t: [61, 1, expect.any(Number), 1000, 1000] } },
    { step: 3600, readings: 61 },
  ]);
});

it('late readings of many hours leave a small row of work', async () => {
  for (const [hours, spans] of [
    [100, 100],
    [1000, 1],
  ]) {
    await send(`'{"t": 1}'`, { gap: 600 });
    await admin(
      `update public.device_status set unrolled = (
         select range_agg(tstzrange(h, h + interval '1 minute')) from generate_series(0, $2::int - 1) as n,
           lateral (select timestamptz '2000-01-01Z' + n * interval '2 hours' as h) as t) where device_id = $1`,
      [device, hours],
    );
    await admin('select ingest.claim_rollups(100)');
    const work = await admin(
      'select (select count(*)::int from unnest(hours)) as spans from ingest.rollup_work where device_id = $1',
      [device],
    );
    expect(work).toEqual([{ spans }]);
  }
});

it('readings of many separate minutes are noted in a small row', async () => {
  for (let minute = 0; minute < 60; minute += 2) {
    await send(`'{"t": 1}'`, { from: `${HOUR} + interval '${minute} minutes'`, gap: 600 });
  }
  const [noted] = await admin(
    `select pg_column_size(s.unrolled) <= 256 as is_small, (
         select bool_and(s.unrolled @> tstzrange(m, m + interval '1 minute'))
         from generate_series(${HOUR}, ${HOUR} + interval '58 minutes', '2 minutes') as m) as has_all
     from public.device_status as s where s.device_id = $1`,
    [device],
  );
  expect(noted).toEqual({ is_small: true, has_all: true });
});

it('what another run is rolling up is not waited for, and claimed later', async () => {
  await send(`'{"t": 1}'`, { times: 60 });
  await admin('select ingest.claim_rollups(100)');
  await send(`'{"t": 1}'`, { from: `${HOUR} + interval '10 minutes'`, times: 60 });
  const other = await database.open();
  await other.query('begin');
  await other.query('select from ingest.rollup_work for update');
  expect(await admin('select ingest.claim_rollups(100) as n')).toEqual([{ n: 0 }]);
  await other.query('rollback');
  expect(await admin('select ingest.claim_rollups(100) as n')).toEqual([{ n: 1 }]);
});

it('minutes and hours with few readings have none, and a day has one', async () => {
  await send(`'{"t": 1}'`, { times: 29, every: 60 });
  await rollUp();
  expect(await rollups()).toEqual([]);
  await send(`'{"t": 4}'`, { from: `${HOUR} + interval '59 minutes'`, every: 60 });
  await rollUp();
  expect(await rollups()).toMatchObject([{ step: 3600, readings: 30, fields: { t: [30, 1, 1.1, 4, 4] } }]);
  await admin("update ingest.rollup_work set days = '{}', due_at = 'infinity'");
  await send(`'{"t": 5}'`, { from: "date_trunc('day', now() - interval '3 days')", every: 60 });
  await rollUp();
  expect(
    await admin('select readings, fields from public.telemetry_rollups where device_id = $1 and step = 86400', [
      device,
    ]),
  ).toEqual([{ readings: 1, fields: { t: [1, 5, 5, 5, 5] } }]);
});

it('a chart from roll-ups is the chart from the readings, with gaps and with what is not rolled up yet', async () => {
  const t = `format('{"t": %s, "deep": {"t": %s}}', (n * 7919) % 1000 - 300, n)`;
  await send(t, { times: 900 });
  await send(t, { from: `${HOUR} + interval '30 minutes'`, times: 50, every: 7, gap: 1 });
  const fromReadings = [await chart('t', 60), await chart('t', 3600), await chart('deep.t', 600)];
  await rollUp();
  expect((await rollups()).length).toBeGreaterThan(15);
  await send(t, { from: `${HOUR} - interval '10 minutes'`, times: 3, every: 60, gap: 1 });
  const after = [await chart('t', 60), await chart('t', 3600), await chart('deep.t', 600)];
  for (const [index, rows] of after.entries()) {
    const added = rows.filter(
      ({ bucket }) => bucket < rows.at(-1)!.bucket && fromReadings[index]!.every((one) => +one.bucket !== +bucket),
    );
    expect(added.length).toBeGreaterThan(0);
    for (const row of fromReadings[index]!) {
      const same = rows.find(({ bucket }) => +bucket === +row.bucket);
      expect(same).toEqual({ ...row, average: expect.closeTo(row.average, 5) });
    }
  }
});

it('it reads roll-ups where they are, and longer ones where the readings are gone', async () => {
  await send(`format('{"t": %s}', n % 60)`, { times: 120 });
  await rollUp();
  // What only a roll-up says.
  await admin(
    `update public.telemetry_rollups set fields = '{"t": [60, -5, 1, 77, 2]}' where device_id = $1 and step = 60`,
    [device],
  );
  expect(await chart('t', 60)).toMatchObject([
    { minimum: -5, maximum: 77 },
    { minimum: -5, maximum: 77 },
  ]);
  expect((await chart('t', 30)).at(-1)).toMatchObject({ minimum: 30, maximum: 59 });
  await admin('delete from public.telemetry where device_id = $1', [device]);
  await admin('delete from public.telemetry_rollups where device_id = $1 and step = 60', [device]);
  expect(await chart('t', 30)).toMatchObject([{ minimum: 0, average: 29.5, maximum: 59, readings: '120' }]);
  // Rolled up again, of fewer readings: it stays.
  await send(`'{"t": 3}'`, { times: 40, every: 60 });
  await rollUp();
  expect(await rollups()).toMatchObject([{ step: 3600, readings: 120 }]);
});

it('at most 64 fields are kept; the chart of another one reads the readings', async () => {
  const many = `(select jsonb_object_agg('f' || lpad(k::text, 3, '0'), k + n) from generate_series(1, 70) as k)::text`;
  await send(many, { times: 60 });
  await rollUp();
  const [minute] = await rollups();
  expect([Object.keys(minute.fields).length, minute.is_whole]).toEqual([64, false]);
  expect(await chart('f070', 60)).toMatchObject([{ minimum: 70, maximum: 129, readings: '60' }]);
  expect(await chart('f001', 60)).toMatchObject([{ minimum: 1, maximum: 60 }]);
});

it.each([
  ['list.3', `'{"t": 1, "list": [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}'`],
  ['a.list.3', `'{"t": 1, "a": {"list": [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}}'`],
  ['list.0.3', `'{"t": 1, "list": [[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]]}'`],
])('the chart of a long list reads the readings: %s', async (field, payload) => {
  await send(payload, { times: 60 });
  await rollUp();
  expect(await rollups()).toMatchObject(Array(2).fill({ fields: { t: [60, 1, 1, 1, 1] }, is_whole: false }));
  expect(await chart(field, 60)).toMatchObject([{ minimum: 3, maximum: 3, readings: '60' }]);
});

it('a device whose roll-up fails stops no other, is tried again later, and given up the third time', async () => {
  const sick = device;
  await send(`'{"t": 1}'`, { times: 60 });
  await admin(`create function public.be_sick() returns trigger language plpgsql as 'begin perform 1 / 0; return new; end';
    create trigger be_sick before insert on public.telemetry_rollups for each row
    when (new.device_id = '${sick}') execute function public.be_sick()`);
  const { rows } = await database.asUser(ann, 'select public.add_device($1, $2, $2, $3) as id', [
    tenant,
    `healthy-${n}`,
    await hashKey(generateKey()),
  ]);
  device = rows[0].id;
  await send(`'{"t": 1}'`, { times: 60 });
  for (const left of [1, 1, 0]) {
    await rollUp();
    const work = await admin('select due_at > now() as later from ingest.rollup_work where device_id = $1', [sick]);
    expect(work).toEqual(Array(left).fill({ later: true }));
    await admin('update ingest.rollup_work set due_at = now() where device_id = $1', [sick]);
  }
  expect(await rollups()).toHaveLength(2);
  await admin('drop function public.be_sick() cascade');
});

it('a preview finds in roll-ups what it finds in readings', async () => {
  // A minute too hot each half hour, and 40 minutes of silence.
  await send(`format('{"t": %s}', case when n % 1800 < 60 then 90 else 20 end)`, {
    from: `${HOUR} - interval '2 hours'`,
    times: 7200,
  });
  await send(`'{"t": 20}'`, { from: `${HOUR} + interval '40 minutes'`, times: 600 });
  const rules = [
    ['threshold', 'above', 80],
    ['threshold', 'below', 30],
    ['rate', 'above', 10],
    ['rate', 'below', -10],
    ['missing', null, null],
  ];
  // By the time of receipt, which is now for all that a test stores.
  await admin('update public.telemetry set received_at = ts where device_id = $1', [device]);
  await admin("update public.device_status set last_received_at = now() - interval '3 hours' where device_id = $1", [
    device,
  ]);
  const preview = async () => {
    const firings: number[] = [];
    for (const [kind, comparison, threshold] of rules) {
      const { rows } = await database.asUser(
        ann,
        "select firings::int from public.try_alert_rule($1, $2, $3, case $2 when 'missing' then null else 't' end, $4, $5, 5, 10)",
        [tenant, kind, device, comparison, threshold],
      );
      firings.push(rows[0].firings);
    }
    return firings;
  };
  const before = await preview();
  await rollUp();
  expect((await rollups()).length).toBeGreaterThan(120);
  await admin('delete from public.telemetry where device_id = $1', [device]);
  expect(await preview()).toEqual(before);
  expect(before).toEqual([4, 2, 3, 4, 3]);
});

it('they are kept for longer than readings, minutes apart', async () => {
  const add = (step: number, age: string) =>
    admin(`insert into public.telemetry_rollups values ($1, $2, $3, now() - $4::interval, 60, '{}', true)`, [
      tenant,
      device,
      step,
      age,
    ]);
  for (const [step, kept, gone] of [
    [60, 29, 31],
    [3600, 99, 101],
    [86400, 399, 401],
  ] as const) {
    await add(step, `${kept} days`);
    await add(step, `${gone} days`);
  }
  expect(await admin('select ingest.prune_rollups(2) as n')).toEqual([{ n: 2 }]);
  expect(await admin('select ingest.prune_rollups(100) as n')).toEqual([{ n: 1 }]);
  const kept = await admin(
    'select round(extract(epoch from now() - bucket) / 86400)::int as days from public.telemetry_rollups where device_id = $1 order by 1',
    [device],
  );
  expect(kept).toEqual([{ days: 29 }, { days: 99 }, { days: 399 }]);
});

it('a turn removes as many as thousands of devices make in a minute', async () => {
  await admin(
    `insert into public.telemetry_rollups (tenant_id, device_id, step, bucket, readings, fields, is_whole)
     select $1, $2, 60, date_trunc('minute', now()) - make_interval(days => 31, mins => n), 60, '{}', true from generate_series(1, 4001) as n`,
    [tenant, device],
  );
  await rollUp();
  expect(await admin('select from public.telemetry_rollups where device_id = $1', [device])).toEqual([]);
});

it('the roll-ups of a deleted device are deleted afterwards, some at a time', async () => {
  const [gone] = await admin(
    "insert into public.devices (tenant_id, slug, name) select tenant_id, 'gone', 'Gone' from public.devices where id = $1 returning tenant_id, id",
    [device],
  );
  await admin(
    `insert into public.telemetry_rollups (tenant_id, device_id, step, bucket, readings, fields, is_whole)
     select $1, $2, 3600, date_trunc('hour', now()) - make_interval(hours => n), 60, '{}', true from generate_series(1, 5) as n`,
    [gone!.tenant_id, gone!.id],
  );
  await admin('delete from public.devices where id = $1', [gone!.id]);
  // Those of others that are too old do not wait for it.
  await admin("insert into public.telemetry_rollups values ($1, $2, 60, now() - interval '31 days', 60, '{}', true)", [
    tenant,
    device,
  ]);
  for (const [most, pruned] of [
    [3, 3 + 1],
    [3, 2],
    [3, 0],
  ] as const)
    expect(await admin(`select ingest.prune_rollups(${most}) as n`)).toEqual([{ n: pruned }]);
  expect(await admin('select from ingest.gone_devices')).toEqual([]);
});
