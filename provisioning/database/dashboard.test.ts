// What the dashboard's pages ask: charts, exports, names of fields, the ingest page, and devices' commands.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { readRegistry, removeTenant } from './registry.ts';
import { BAD_ARGUMENT, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makePerson, type Person, SAMPLE_HASH, SELF_SERVICE } from './testing/world.ts';

let database: TestDatabase;
let ann: Person;
let tenant: string;
let device: string;

beforeAll(async () => {
  database = await startTestDatabase();
  await database.admin.query(SELF_SERVICE);
  ann = await makePerson(database.admin, 'ann@acme.example');
  tenant = await value("select public.create_tenant('acme', 'Acme') as value");
  device = await value("select public.add_device($1, 'boiler', 'Boiler', $2) as value", [
    tenant,
    await hashKey(generateKey()),
  ]);
});
afterAll(() => database.stop());

const ask = async (sql: string, values: unknown[] = []) => (await database.asUser(ann, sql, values)).rows;
const value = async (sql: string, values: unknown[] = []) => (await ask(sql, values))[0]?.value;

/** Another tenant of Ann's, for as long as the work takes. */
async function withTenant(work: (id: string) => Promise<void>): Promise<void> {
  const id = await value("select public.create_tenant('other', 'Other') as value");
  await work(id);
  await removeTenant(database.admin, 'other');
}

/** A reading from this many minutes before 2026-11-20T12:00Z, or before now. */
const read = (minutes: number, payload: string, before = 'now()') =>
  database.admin.query(
    `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
     values ($1, $2, ${before} - make_interval(mins => $3), gen_random_uuid(), $4)`,
    [tenant, device, minutes, payload],
  );

describe('a chart', () => {
  const NOON = "timestamptz '2026-11-20T12:00:00Z'";
  const chart = (buckets: number | null, span = '1 hour') =>
    ask(`select * from public.device_chart($1, 'v', ${NOON} - $2::interval, ${NOON}, $3)`, [device, span, buckets]);

  it('has spans of one length, with all readings in them, and leaves empty ones out', async () => {
    for (const minutes of [60, 59, 31, 1]) await read(minutes, `{"v": ${minutes}}`, NOON);
    await read(0, '{"v": 1000}', NOON);
    for (const payload of [
      '{"v": "7 C"}',
      '{"v": "0x7"}',
      '{"v": 1e400}',
      '{"v": "1e400"}',
      '{"v": 1e200}',
      '{"v": -1e200}',
      '[7]',
      '{"w": 7}',
    ])
      await read(30, payload, NOON);
    expect(await chart(4)).toEqual([
      { bucket: new Date('2026-11-20T11:00:00Z'), minimum: 59, average: 59.5, maximum: 60, readings: '2' },
      { bucket: new Date('2026-11-20T11:15:00Z'), minimum: 31, average: 31, maximum: 31, readings: '1' },
      { bucket: new Date('2026-11-20T11:45:00Z'), minimum: 1, average: 1, maximum: 1, readings: '1' },
    ]);
  });

  it('finds a field by its name or its path, and takes text and booleans for numbers', async () => {
    const AT = "timestamptz '2026-10-20T12:00:00Z'";
    await read(1, '{"a": {"b": {"c": "1.5e1"}, "on": true}, "list": [{"x": -2}], "x.y": 3, "x": {"y": 4}, "": 5}', AT);
    const fields = ['a.b.c', 'a.on', 'list.0.x', 'x.y', '', 'a', 'a.b.c.d', 'list'];
    const found = await ask(
      `select f as field, c.average from unnest($2::text[]) with ordinality as f (f, n)
       left join lateral public.device_chart($1, f.f, ${AT} - interval '1 hour', ${AT}, 1) as c on true order by n`,
      [device, fields],
    );
    expect(found.map(({ average }) => average)).toEqual([15, 1, -2, 3, 5, null, null, null]);
    const { rows } = await database.admin.query(
      `select n.field, n.value from public.telemetry as t cross join lateral access.numbers_of(t.payload) as n
       where n.value is not null and t.ts < '2026-10-21' and t.ts > '2026-10-20' and t.device_id = $1 order by 1`,
      [device],
    );
    expect(Object.fromEntries(rows.map(({ field, value }) => [field, value]))).toEqual({
      '': 5,
      'a.b.c': 15,
      'a.on': 1,
      'list.0.x': -2,
      'x.y': 3,
    });
  });

  it('never has more spans than asked for', async () => {
    for (const buckets of [1, 2, 7, 300, 2000]) expect((await chart(buckets)).length).toBeLessThanOrEqual(buckets);
    const spans = await chart(7, '59 minutes 59.9999 seconds');
    expect(spans.reduce((sum, { readings }) => sum + Number(readings), 0)).toBe(3);
  });

  it.each([0, 2001, null])('is refused with %s spans', async (buckets) => {
    await expect(chart(buckets)).rejects.toMatchObject({ code: BAD_ARGUMENT });
  });

  it('is refused when it ends before it begins', async () => {
    await expect(chart(10, '-1 hour')).rejects.toMatchObject({ code: BAD_ARGUMENT });
  });
});

describe('an export', () => {
  it('has the values as they came, oldest first, a page at a time, of 20 fields at most', async () => {
    await database.admin.query(
      `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
       select $1, $2, '2026-10-10T12:00:00Z', lpad(n::text, 4, '0'), jsonb_build_object('v', n, 'a', '{"b": "1.50"}'::jsonb)
       from generate_series(1, 1001) as n`,
      [tenant, device],
    );
    const page = (after: string | null, fields = ['v', 'a.b', 'none']) =>
      ask("select message_id, cells from public.export_readings($1, $2, '2026-10-10', '2026-10-11', $3)", [
        device,
        fields,
        after,
      ]);
    const first = await page(null);
    expect(first.length).toBe(1000);
    expect(first[0]).toEqual({ message_id: '0001', cells: ['1', '1.50', null] });
    const since = "timestamptz '2026-10-10T12:00:00Z'";
    const rest = await ask(
      `select message_id from public.export_readings($1, '{v}', ${since}, ${since} + interval '1 hour', '1000')`,
      [device],
    );
    expect(rest).toEqual([{ message_id: '1001' }]);
    expect((await page(null, Array(30).fill('v')))[0].cells.length).toBe(20);
  });
});

describe('a field', () => {
  const set = (
    field: string | null,
    label: string | null,
    unit: string | null = null,
    decimals: number | null = null,
  ) => ask('select public.set_field_name($1, $2, $3, $4, $5)', [tenant, field, label, unit, decimals]);
  const names = () => ask('select field, label, unit, decimals from public.field_names order by field');

  it('has a name, a unit and decimals until all three are taken off', async () => {
    await set('t', 'Temperature', '°C', 1);
    await set('t', 'Temperature', '°F');
    expect(await names()).toEqual([{ field: 't', label: 'Temperature', unit: '°F', decimals: null }]);
    await set('t', null);
    expect(await names()).toEqual([]);
  });

  it.each([
    ['a long name', ['t', 'x'.repeat(61)]],
    ['a name of two lines', ['t', 'a\nb']],
    ['a long unit', ['t', null, 'x'.repeat(21)]],
    ['ten decimals', ['t', null, null, 10]],
    ['a long field', ['x'.repeat(201), 'a']],
    ['no field', [null, 'a']],
  ] as [string, Parameters<typeof set>][])('with %s is refused', async (_, values) => {
    await expect(set(...values)).rejects.toMatchObject({ code: BAD_ARGUMENT });
  });

  it('is one of 500 at most; those that have a name can still be changed', async () => {
    await database.admin.query(
      "insert into public.field_names (tenant_id, field, unit) select $1, 'f' || n, 'K' from generate_series(1, 500) as n",
      [tenant],
    );
    await expect(set('t', 'Temperature')).rejects.toMatchObject({
      message: 'the tenant has names for 500 fields already',
    });
    await set('f500', 'Last');
    await set('f500', null);
    await set('t', 'Temperature');
    await database.admin.query('delete from public.field_names');
  });
});

describe('the ingest page', () => {
  /** The columns that count, as numbers. */
  const spans = (bars: number, minutes: number, of = tenant) =>
    ask(
      'select at, begun, received::int, stored::int, latency_ms_avg, latency_ms_max from public.ingest_spans($1, $2, $3)',
      [of, bars, minutes],
    );

  it('has each minute with how long readings waited for their row', async () => {
    const ingest = await database.open('mqtt_ingest');
    const add = (seconds: number, received: number) =>
      ingest.query(
        `select ingest.add_to_ledger(date_trunc('minute', now()) - make_interval(secs => $2::float8), array[$1::uuid],
           array[$3::int8], array[$3::int8], '{0}', '{0}', '{0}')`,
        [tenant, seconds, received],
      );
    await add(600, 1);
    await add(595, 3);
    const minutes = await spans(60, 1);
    const [minute, ...others] = minutes.filter(({ received }) => received > 0);
    expect(others).toEqual([]);
    expect(minutes[0]).toMatchObject({ received: 0, stored: 0, latency_ms_avg: null, latency_ms_max: null });
    expect(minute.received).toBe(4);
    // Two batches, 600 and 595 seconds old and what has passed of this minute.
    const passed = minute.latency_ms_max - 600_000;
    expect(passed).toBeGreaterThanOrEqual(0);
    expect(minute.latency_ms_avg - passed).toBeGreaterThan(596_000);
    expect(minute.latency_ms_avg).toBeLessThan(minute.latency_ms_max);
  });

  it('adds up every minute of a day, up to the one of now', () =>
    withTenant(async (id) => {
      await database.admin.query(
        `insert into public.ingest_ledger (tenant_id, minute, received, stored, duplicate, rejected, over_quota, latency_ms_sum, latency_ms_max)
         select $1, date_trunc('minute', now()) - make_interval(mins => n), 1, 1, 0, 0, 0, 10, n from generate_series(0, 2999) as n`,
        [id],
      );
      for (const [bars, minutes] of [
        [1440, 1],
        [120, 12],
        [2, 1],
        [1, 1440],
        [2000, 1],
      ] as const) {
        const found = await spans(bars, minutes, id);
        expect(found).toHaveLength(bars);
        // Each has all of its minutes, the newest those that have begun; each begins where the previous one ends.
        const begun = found.at(-1).begun;
        expect(found.map(({ received }) => received)).toEqual([...Array(bars - 1).fill(minutes), begun]);
        const at = found.map((span) => span.at.getTime() / 60_000);
        expect(at).toEqual(at.map((_, n) => at[0]! + n * minutes));
        expect(at[0]! % minutes).toBe(0);
      }
      expect(await spans(2, 1, id)).toMatchObject([{ received: 1, begun: 1, latency_ms_avg: 10 }, { begun: 1 }]);
    }));

  it.each([
    [0, 1],
    [2001, 1],
    [1, 0],
    [1, 1441],
    [null, 1],
    [1, null],
  ])('is refused with %s bars of %s minutes', async (bars, minutes) => {
    const asked = ask('select * from public.ingest_spans($1, $2, $3)', [tenant, bars, minutes]);
    await expect(asked).rejects.toMatchObject({ code: BAD_ARGUMENT });
  });

  it('says whether a run is at work, and when one last was', async () => {
    const status = () => ask('select * from public.ingest_status($1)', [tenant]);
    expect(await status()).toMatchObject([{ last_run_at: null, workers: 0, telemetry_rows_estimate: '4' }]);
    const { rows } = await database.admin.query("select ingest.acquire_lease('shard', 'me', '1 minute') as fence");
    const [running] = await status();
    expect(running).toMatchObject({ workers: 1, last_run_at: expect.any(Date), last_row_at: expect.any(Date) });
    await sleep(5);
    await database.admin.query("select ingest.release_lease('shard', 'me', $1)", [rows[0].fence]);
    const [stopped] = await status();
    expect(stopped.workers).toBe(0);
    expect(stopped.last_run_at > running.last_run_at).toBe(true);
    // Nothing of other tenants, such as the size of the database.
    expect(Object.keys(stopped).toSorted()).toEqual([
      'last_row_at',
      'last_run_at',
      'telemetry_rows_estimate',
      'workers',
    ]);
  });

  it('asks for a redrive once, of open letters, and the log has one entry for it', async () => {
    const { rows } = await database.admin.query(
      `insert into public.dead_letters (tenant_id, topic, payload, reason, fingerprint, redriven_at)
       values ($1, 't', 'x', 'r', 'a', null), ($1, 't', 'x', 'r', 'b', null), ($1, 't', 'x', 'r', 'c', now()) returning id`,
      [tenant],
    );
    const ids = rows.map(({ id }) => id);
    expect(await value('select public.request_redrive($1) as value', [ids])).toBe(2);
    expect(await value('select public.request_redrive($1) as value', [ids])).toBe(0);
    const entries = await ask("select details from public.audit_log where action = 'dead_letters.redrive_requested'");
    expect(entries).toEqual([{ details: { ids: ids.slice(0, 2).map(Number) } }]);
    await expect(ask('select public.request_redrive(array_fill(1::bigint, array[1001]))')).rejects.toMatchObject({
      code: BAD_ARGUMENT,
    });
  });
});

describe('a device', () => {
  it('added in the dashboard is in the broker’s registry; rotated, with its new key; disabled, no longer', async () => {
    const mine = async () => (await readRegistry(database.admin)).map(({ passwordHash }) => passwordHash);
    await ask('select public.rotate_device($1, $2)', [device, SAMPLE_HASH]);
    expect(await mine()).toEqual([SAMPLE_HASH]);
    await ask('select public.set_device_enabled($1, false)', [device]);
    expect(await mine()).toEqual([]);
    await ask('select public.set_device_enabled($1, true)', [device]);
    expect(await mine()).toEqual([SAMPLE_HASH]);
  });

  it.each([
    ['Not A Slug', 'name', SAMPLE_HASH, BAD_ARGUMENT],
    ['fine', '', SAMPLE_HASH, BAD_ARGUMENT],
    ['fine', 'name', 'the key itself', BAD_ARGUMENT],
    ['boiler', 'name', SAMPLE_HASH, '23505'],
  ])('is refused as %s, %s, %s', async (slug, name, hash, code) => {
    const error = await ask('select public.add_device($1, $2, $3, $4)', [tenant, slug, name, hash]).catch(
      (cause) => cause,
    );
    expect(error).toMatchObject({ code, hint: expect.any(String) });
    expect(JSON.stringify(error)).not.toContain('the key itself');
  });

  it('gets its commands in order, each once', async () => {
    const ingest = await database.open('mqtt_ingest');
    for (const n of [1, 2]) await ask('select public.send_command($1, $2)', [device, { n }]);
    const due = async () => (await ingest.query('select * from ingest.control_work(10, 1000000)')).rows;
    const work = await due();
    expect(work).toMatchObject([
      { tenant_slug: 'acme', device_slug: 'boiler', payload: '{"n": 1}' },
      { payload: '{"n": 2}' },
    ]);
    const outcomes = ['handed', 'The device is gone.'];
    const done = work.map((one, n) => ({ ...one, outcome: outcomes[n] }));
    await ingest.query('select ingest.control_done($1)', [JSON.stringify(done)]);
    expect(await due()).toEqual([]);
    expect(await ask('select state, error from public.device_commands order by requested_at')).toEqual([
      { state: 'waiting', error: null },
      { state: 'failed', error: 'The device is gone.' },
    ]);
    for (const [payload, seconds] of [
      ['[1]', 60],
      ['{}', 0],
      ['{}', 1_209_601],
    ]) {
      const refused = ask('select public.send_command($1, $2, $3)', [device, payload, seconds]);
      await expect(refused).rejects.toMatchObject({ code: BAD_ARGUMENT });
    }
  });

  it('has a desired state, a whole document of bounded size, which counts its versions', async () => {
    const want = async (desired: unknown) =>
      (await ask('select public.set_desired_state($1, $2) as version', [device, desired]))[0];
    const { version: first } = await want({ interval: 60, unit: 'C' });
    expect(await want({ interval: 90 })).toEqual({ version: first + 1 });
    const ingest = await database.open('mqtt_ingest');
    const report = (body: object, at: string) =>
      ingest.query('select ingest.note_reports($1, $2, $3, $4::jsonb[], $5)', [
        [tenant],
        [device],
        ['reported'],
        [JSON.stringify(body)],
        [at],
      ]);
    await report({ interval: 90, uptime: 1 }, '2026-11-30T12:00:01Z');
    // Older than what is known.
    await report({ interval: 60 }, '2026-11-30T12:00:00Z');
    expect(await ask('select desired, reported, delta from public.device_state')).toEqual([
      { desired: { interval: 90 }, reported: { interval: 90, uptime: 1 }, delta: {} },
    ]);
    for (const wrong of ['[1]', '7', { text: 'x'.repeat(8192) }]) {
      await expect(want(wrong)).rejects.toMatchObject({ code: BAD_ARGUMENT });
    }
    await want(null);
    expect(await ask('select desired, delta from public.device_state')).toEqual([{ desired: null, delta: null }]);
    expect(
      await database.admin.query("select details from public.audit_log where action = 'desired_state.changed'"),
    ).toMatchObject({
      rows: [{ details: { version: first } }, { details: { version: first + 1 } }, { details: { version: first + 2 } }],
    });
  });

  it('is offline when it is silent for three of its intervals, and back when it is heard', async () => {
    const ingest = await database.open('mqtt_ingest');
    const since = async (gaps: number[], silent: string) => {
      await database.admin.query(
        `insert into public.device_status (tenant_id, device_id, last_received_at, gaps) values ($1, $2, now() - $3::interval, $4)
         on conflict (tenant_id, device_id) do update set last_received_at = excluded.last_received_at, gaps = excluded.gaps`,
        [tenant, device, silent, gaps],
      );
      await ingest.query('select ingest.watch_devices(10)');
      return (await ask('select offline_since = last_received_at as is_offline from public.device_status'))[0]
        .is_offline;
    };
    expect(await since([900, 900, 900, 5], '40 minutes')).toBeNull();
    expect(await since([900, 900, 900, 5], '46 minutes')).toBe(true);
    expect((await ingest.query('select ingest.control_figures() as f')).rows[0].f).toMatchObject({
      offline_devices: 1,
    });
    // An outage in between makes its interval no longer.
    expect(await since([900, 86_400, 900], '46 minutes')).toBe(true);
    expect(await since([1, 1, 1], '4 minutes')).toBeNull();
    expect(await since([1, 1, 1], '6 minutes')).toBe(true);
    // Its interval is not known.
    expect(await since([1], '6 minutes')).toBeNull();
  });

  it('is gone with its keys and commands, and its readings stay', async () => {
    await ask('select public.delete_device($1)', [device]);
    for (const table of ['devices', 'device_credentials', 'device_commands']) {
      expect(await ask(`select from public.${table}`)).toEqual([]);
    }
    expect((await ask('select from public.telemetry limit 1')).length).toBe(1);
  });
});
