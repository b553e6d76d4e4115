// Alert rules: what opens an alert, what keeps it open and what resolves it, and that the preview says the same.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addDevice } from './registry.ts';
import { BAD_ARGUMENT, become, NOT_FOUND, REFUSED, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makePerson, type Person } from './testing/world.ts';

/** lock_not_available */
const BUSY = '55P03';

let database: TestDatabase;
let ann: Person;
let tenant: string;
let device: string;

beforeAll(async () => {
  database = await startTestDatabase();
  ann = await makePerson(database.admin, 'ann@acme.example');
  ({ tenantId: tenant, deviceId: device } = await addDevice(database.admin, {
    tenant: 'acme',
    device: 'boiler',
    createTenant: true,
  }));
  await database.admin.query(
    "insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, $3, 'staff')",
    [tenant, ann.sub, ann.email],
  );
  await database.admin.query("update public.devices set created_at = now() - interval '2 days'");
});
afterAll(() => database.stop());
beforeEach(async () => {
  await database.admin.query(
    'delete from public.alert_rules; delete from public.telemetry; delete from public.device_status',
  );
});

/** What "ago" counts from: null, the moment of the statement. */
let base: Date | null = null;

/** A reading that came some minutes ago, as ingest writes it. @param clockMinutes how far its time is ahead of that. */
const read = (minutesAgo: number, payload: unknown, clockMinutes = 0) =>
  database.admin.query(
    `with reading as (
       insert into public.telemetry (tenant_id, device_id, received_at, ts, message_id, payload)
       select $1, $2, at, at + make_interval(mins => $5::int), gen_random_uuid(), $4
       from (select coalesce($6, now()) - make_interval(secs => $3::float8 * 60) as at) as came
       returning *)
     select ingest.note_devices(
       array[tenant_id], array[device_id], array[received_at], '{null}'::real[], array[$5::real * 60]::real[], array[ts],
       '{null}'::jsonb[],
       array[tstzmultirange(tstzrange(ts - interval '1 minute', ts + interval '1 minute'))])
     from reading`,
    [tenant, device, minutesAgo, JSON.stringify(payload), clockMinutes, base],
  );

/** A message that does not become a row: a repeat, a dead letter, a reading over quota. */
const hear = (minutesAgo: number) =>
  database.admin.query(
    `select ingest.note_devices(array[$1::uuid], array[$2::uuid], array[now() - make_interval(secs => $3::float8 * 60)],
       '{null}'::real[], '{null}'::real[], '{null}'::timestamptz[], '{null}'::jsonb[], '{null}'::tstzmultirange[])`,
    [tenant, device, minutesAgo],
  );

interface Rule {
  kind: string;
  field?: string;
  comparison?: string;
  threshold?: number;
  window_minutes: number;
}
const HOT: Rule = { kind: 'threshold', field: 't', comparison: 'above', threshold: 90, window_minutes: 10 };
const SILENT: Rule = { kind: 'missing', window_minutes: 10 };
const RISING: Rule = { kind: 'rate', field: 't', comparison: 'above', threshold: 5, window_minutes: 10 };

async function addRule(rule: Rule, of = tenant): Promise<string> {
  const { kind, field, comparison, threshold, window_minutes } = rule;
  const { rows } = await database.asUser(
    ann,
    `insert into public.alert_rules (tenant_id, name, kind, field, comparison, threshold, window_minutes)
     values ($1, 'rule', $2, $3, $4, $5, $6) returning id`,
    [of, kind, field, comparison, threshold, window_minutes],
  );
  return rows[0].id;
}

async function evaluate(): Promise<number> {
  const { rows } = await database.admin.query('select public.evaluate_alert_rules() as changed');
  return rows[0].changed;
}

/** Judges rules as of some minutes from now: all of them, or those that are named. @returns alerts opened or resolved. */
async function judge(minutesAhead: number, rules?: string[]): Promise<number> {
  const { rows } = await database.admin.query(
    `select (ingest.judge_rules(coalesce($1, array(select id from public.alert_rules)), 'infinity',
       coalesce($3, now()) + make_interval(secs => $2::float8 * 60))).changed`,
    [rules ?? null, minutesAhead, base],
  );
  return rows[0].changed;
}

/** As the dashboard lists them. */
async function alerts() {
  const { rows } = await database.asUser(
    ann,
    `select value, message, resolved_at is not null as resolved, round(extract(epoch from now() - opened_at) / 60)::int as age
     from public.alerts order by opened_at`,
  );
  return rows;
}

/** What the rule would have opened in the last day, as the dashboard asks for it. */
async function tryRule({ kind, field, comparison, threshold, window_minutes }: Rule) {
  const { rows } = await database.asUser(ann, 'select * from public.try_alert_rule($1, $2, null, $3, $4, $5, $6, 24)', [
    tenant,
    kind,
    field,
    comparison,
    threshold,
    window_minutes,
  ]);
  return rows[0];
}

/** Minutes ago and value of each, oldest first; no test has more than the five that are told. */
async function preview(rule: Rule): Promise<[minutesAgo: number, value: number][]> {
  const { newest, firings } = await tryRule(rule);
  expect(newest).toHaveLength(Number(firings));
  return newest
    .toReversed()
    .map(({ at, value }: { at: string; value: number }) => [
      Math.round((Date.now() - Date.parse(at)) / 60_000),
      Math.round(value),
    ]);
}

describe('a threshold', () => {
  it('opens one alert, refreshes it, and resolves it when no breach was found for a window', async () => {
    await addRule(HOT);
    await read(8, { t: 95 });
    await read(5, { t: 20 });
    expect(await evaluate()).toBe(1);
    await read(1, { t: 99 });
    expect(await evaluate()).toBe(0);
    expect(await alerts()).toEqual([{ value: 99, message: 't was 95, which is above 90', resolved: false, age: 8 }]);
    expect(await judge(9)).toBe(0);
    expect(await judge(11)).toBe(1);
    expect(await alerts()).toMatchObject([{ resolved: true }]);
  });

  it('opens an alert on a breach that comes late, and on one before those that were judged; the device’s time is kept', async () => {
    await addRule(HOT);
    await read(1, { t: 20 });
    expect(await judge(0)).toBe(0);
    await read(0, { t: 95 }, -180);
    expect(await judge(1)).toBe(1);
    const { rows } = await database.admin.query(
      'select round(extract(epoch from now() - opened_at) / 60)::int as came, round(extract(epoch from now() - device_ts) / 60)::int as device from public.alerts',
    );
    expect(rows).toEqual([{ came: 0, device: 180 }]);
  });

  it('judges what waited on the broker while later readings were judged', async () => {
    await addRule(HOT);
    await read(0, { t: 20 });
    expect(await judge(0)).toBe(0);
    await read(55, { t: 95 });
    expect(await judge(1)).toBe(1);
    expect(await alerts()).toMatchObject([{ age: 55, resolved: false }]);
  });

  it.each([420, -420])('is judged by receipt when the device’s clock is %d minutes off', async (minutes) => {
    await addRule(HOT);
    await read(1, { t: 95 }, minutes);
    expect(await judge(0)).toBe(1);
    expect(await alerts()).toMatchObject([{ age: 1 }]);
    await read(0, { t: 20 }, minutes);
    expect(await judge(11)).toBe(1);
    expect(await preview(HOT)).toEqual([[1 - minutes, 95]]);
  });

  it('judges a reading once, however far behind another rule is', async () => {
    const [first] = [await addRule(HOT), await addRule({ ...HOT, threshold: 1000 })];
    expect(await judge(0)).toBe(0);
    await read(0, { t: 95 });
    expect(await judge(0, [first])).toBe(1);
    for (const minute of [1, 4, 9]) {
      await read(0, { t: 20 });
      expect(await judge(minute, [first])).toBe(0);
    }
    expect(await judge(11, [first])).toBe(1);
    expect(await judge(12, [first])).toBe(0);
  });

  it('judges everything, however many batches come between two rounds', async () => {
    await addRule({ ...HOT, threshold: 1000 });
    const late = await addRule(HOT);
    expect(await judge(0)).toBe(0);
    await read(0, { t: 95 }, -180);
    for (let batch = 0; batch < 12; batch++) await read(0, { t: 20 }, batch * -20);
    expect(await judge(1, [late])).toBe(1);
  });

  it('would have opened once for breaches less than a window apart', async () => {
    for (const [minutesAgo, t] of [
      [500, 91],
      [495, 92],
      [486, 93],
      [475, 94],
      [3, 95],
      [2, 10],
    ] as const)
      await read(minutesAgo, { t });
    expect(await preview(HOT)).toEqual([
      [500, 91],
      [475, 94],
      [3, 95],
    ]);
  });

  it('copes with values that are not numbers, or too large for a double', async () => {
    await addRule(HOT);
    for (const payload of [
      '{"t": 1e400}',
      '{"t": -1e400}',
      '{"t": 1e-400}',
      '{"t": "95 C"}',
      '{"t": null}',
      '[95]',
      '95',
      '{"u": 95}',
    ]) {
      await read(1, JSON.parse('0'));
      await database.admin.query('update public.telemetry set payload = $1::jsonb where payload = $2::jsonb', [
        payload,
        '0',
      ]);
    }
    expect(await evaluate()).toBe(0);
    expect(await preview({ ...HOT, comparison: 'below', threshold: 1 })).toEqual([[1, 0]]);
  });
});

describe('a silence', () => {
  it('opens an alert, and resolves it at the next reading', async () => {
    await addRule(SILENT);
    await read(30, {});
    expect(await evaluate()).toBe(1);
    expect(await evaluate()).toBe(0);
    expect(await alerts()).toMatchObject([{ message: 'no reading for 10 minutes', resolved: false }]);
    await judge(50);
    expect(await alerts()).toMatchObject([{ value: expect.closeTo(80, 0) }]);
    await read(0, {});
    expect(await evaluate()).toBe(1);
    expect(await alerts()).toMatchObject([{ resolved: true }]);
  });

  it('ends with a message that does not become a row, and begins when the device was last heard', async () => {
    await addRule(SILENT);
    await read(30, {});
    await hear(5);
    expect(await judge(0)).toBe(0);
    expect(await judge(6)).toBe(1);
    expect(await alerts()).toMatchObject([{ age: -5 }]);
    await hear(0);
    expect(await judge(6)).toBe(1);
  });

  it.each([420, -420])('is not opened for a clock that is %d minutes off', async (minutes) => {
    await addRule(SILENT);
    await read(1, {}, minutes);
    expect(await judge(0)).toBe(0);
    expect(await judge(10)).toBe(1);
  });

  it('that follows another unseen is an alert of its own', async () => {
    await addRule(SILENT);
    await read(60, {});
    expect(await judge(-40)).toBe(1);
    await read(30, {});
    expect(await judge(0)).toBe(1);
    expect(await judge(0)).toBe(1);
    expect(await alerts()).toMatchObject([
      { age: 50, resolved: true },
      { age: 20, resolved: false },
    ]);
  });

  it('is not opened for a device that is new or disabled', async () => {
    await addRule(SILENT);
    await database.admin.query('begin; update public.devices set created_at = now()');
    expect(await evaluate()).toBe(0);
    await database.admin.query("update public.devices set created_at = now() - interval '2 days', enabled = false");
    expect(await evaluate()).toBe(0);
    await database.admin.query('rollback');
    expect(await evaluate()).toBe(1);
  });

  it('would have opened at the end of each window without a reading', async () => {
    for (const minutesAgo of [1445, 1430, 1000, 995, 4]) await read(minutesAgo, {});
    // From 10 minutes after the reading before; for as long as it lasted.
    expect(await preview(SILENT)).toEqual([
      [1435, 15],
      [1420, 430],
      [985, 991],
    ]);
  });
});

describe('a rate', () => {
  it('is the change a minute since the window’s first reading', async () => {
    await addRule(RISING);
    for (const [minutesAgo, t] of [
      [9, 10],
      [6, 20],
      [3, 30],
      [1, 60],
    ] as const)
      await read(minutesAgo, { t });
    expect(await evaluate()).toBe(1);
    expect(await alerts()).toMatchObject([{ value: expect.closeTo((60 - 10) / 8, 1), age: 1 }]);
    expect(await preview(RISING)).toEqual([[1, 6]]);
    // Judged later than the window's first reading.
    await read(0, { t: 120 });
    expect(await judge(1)).toBe(0);
    expect(await alerts()).toMatchObject([{ value: expect.closeTo((120 - 10) / 9, 0) }]);
    expect(await preview({ ...RISING, comparison: 'below', threshold: 0 })).toEqual([]);
  });
});

/** How many rows of telemetry this transaction has read so far. */
async function readingsRead(): Promise<number> {
  const { rows } = await database.admin.query(
    `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as n
     from pg_stat_xact_all_tables where relname like 'telemetry%'`,
  );
  return rows[0].n;
}

describe('a rule for all devices with a long window', () => {
  it.each([
    { ...HOT, window_minutes: 1440 },
    { ...RISING, window_minutes: 1440 },
    { ...SILENT, window_minutes: 1440 },
  ])('reads only what came since it was last judged: %j', async (rule) => {
    const { admin } = database;
    await admin.query(
      "insert into public.devices (tenant_id, slug, name) select $1, 'one-of-' || n, 'n' from generate_series(1, 20) as n",
      [tenant],
    );
    try {
      await admin.query(
        `insert into public.telemetry (tenant_id, device_id, ts, received_at, message_id, payload)
         select tenant_id, id, now() - make_interval(mins => n), now() - make_interval(mins => n), 'm' || n, '{"t": 1}'
         from public.devices, generate_series(3, 500) as n where tenant_id = $1`,
        [tenant],
      );
      await addRule(rule);
      await judge(0);
      await admin.query(
        `with came as (
           insert into public.telemetry (tenant_id, device_id, ts, received_at, message_id, payload)
           select tenant_id, id, now(), now(), 'new', '{"t": 1}' from public.devices where tenant_id = $1
           returning tenant_id, device_id)
         select ingest.note_devices(array_agg(tenant_id), array_agg(device_id), array_agg(now()), array_agg(null::real),
           array_agg(0::real), array_agg(now()), array_agg('{}'::jsonb), array_agg(
             tstzmultirange(tstzrange(date_trunc('minute', now()), date_trunc('minute', now()) + interval '1 minute'))))
         from came`,
        [tenant],
      );
      await admin.query('begin');
      const before = await readingsRead();
      await judge(1);
      // A rate compares each with the first reading of its window.
      const most = { threshold: 1, rate: 4, missing: 0 }[rule.kind as 'rate'];
      expect((await readingsRead()) - before).toBeLessThanOrEqual(21 * most);
    } finally {
      await admin.query('rollback');
      await admin.query("delete from public.devices where slug like 'one-of-%'");
    }
  });
});

describe('the preview', () => {
  it('counts every firing by hour, and tells the five newest', async () => {
    for (let minutesAgo = 1430; minutesAgo >= 5; minutesAgo -= 15) await read(minutesAgo, { t: 95 });
    const { firings, devices, by_hour, newest } = await tryRule(HOT);
    expect([firings, devices]).toEqual(['96', '1']);
    expect(by_hour).toEqual(Array(24).fill(4));
    expect(newest.map(({ at }: { at: string }) => Math.round((Date.now() - Date.parse(at)) / 60_000))).toEqual([
      5, 20, 35, 50, 65,
    ]);
    expect(newest[0]).toMatchObject({ device_id: device, value: 95 });
  });

  it('has as many hours as are asked for, the newest last; 1 to 25', async () => {
    await read(0, { t: 95 });
    await read(24 * 60 - 1, { t: 95 });
    const byHour = async (hours: number | null) =>
      (
        await database.asUser(
          ann,
          "select by_hour from public.try_alert_rule($1, 'threshold', null, 't', 'above', 90, 5, $2)",
          [tenant, hours],
        )
      ).rows[0].by_hour;
    expect(await byHour(2)).toEqual([0, 1]);
    expect(await byHour(24)).toEqual([1, ...Array(22).fill(0), 1]);
    expect(await byHour(25)).toHaveLength(25);
    for (const hours of [null, -1, 0, 26, 2_147_483_647])
      await expect(byHour(hours)).rejects.toMatchObject({ code: BAD_ARGUMENT });
  });

  it.each([HOT, SILENT, RISING])('reads each reading once, however many devices there are: %j', async (rule) => {
    const { admin } = database;
    await admin.query('begin');
    try {
      await admin.query(
        "insert into public.devices (tenant_id, slug, name) select $1, 'one-of-' || n, 'n' from generate_series(1, 20) as n",
        [tenant],
      );
      await admin.query(
        `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
         select tenant_id, id, now() - make_interval(secs => n), 'm' || n, '{"t": 1}'
         from public.devices, generate_series(1, 200) as n where tenant_id = $1`,
        [tenant],
      );
      const before = await readingsRead();
      await become(admin, 'authenticated', ann);
      await admin.query('select public.try_alert_rule($1, $2, null, $3, $4, $5, $6, 24)', [
        tenant,
        rule.kind,
        rule.field,
        rule.comparison,
        rule.threshold,
        rule.window_minutes,
      ]);
      await admin.query("select set_config('role', 'none', true)");
      expect((await readingsRead()) - before).toBe(21 * 200);
    } finally {
      await admin.query('rollback');
    }
  });
});

describe('the preview and the evaluation of each minute', () => {
  /** Numbers from 0 to below 1, the same in every run. */
  const numbers = (seed: number) => () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };

  it.each([
    ...[1, 2, 3].map((seed) => ['threshold', seed, HOT] as const),
    ...[4, 5].map((seed) => ['silence', seed, SILENT] as const),
    ...[6, 7].map((seed) => ['rate', seed, RISING] as const),
  ])('agree on two hours of readings, late ones among them: %s, seed %i', async (name, seed, rule) => {
    const random = numbers(seed);
    await database.admin.query("update public.devices set created_at = now() - interval '125 minutes'");
    await addRule(rule);
    base = new Date();
    for (let ago = 120; ago >= 0; ago--) {
      // Bursts and pauses, both longer and shorter than the window.
      const isSpeaking = Math.sin(ago / (3 + seed)) > 0 && random() > 0.4;
      const value = random() > 0.7 ? 95 : 20;
      const late = name !== 'rate' && random() > 0.8 ? -30 : 0;
      if (isSpeaking) await read(ago + 0.5, { t: value }, late);
      await judge(-ago);
    }
    base = null;
    const { rows } = await database.admin.query('select opened_at from public.alerts order by opened_at desc');
    const { firings, newest } = await tryRule(rule);
    expect(rows.length).toBeGreaterThan(1);
    expect(Number(firings)).toBe(rows.length);
    const near = (times: number[]) => times.map((time) => Math.round(time / 30_000));
    expect(near(newest.map(({ received_at }: { received_at: string }) => Date.parse(received_at)))).toEqual(
      near(rows.slice(0, 5).map(({ opened_at }) => opened_at.getTime())),
    );
    await database.admin.query("update public.devices set created_at = now() - interval '2 days'");
  });
});

describe('a rule', () => {
  it('that is switched off resolves its alerts; one that is deleted takes them along', async () => {
    const id = await addRule(HOT);
    await read(1, { t: 95 });
    await evaluate();
    await database.asUser(ann, 'update public.alert_rules set enabled = false where id = $1', [id]);
    expect(await alerts()).toMatchObject([{ resolved: true }]);
    await database.asUser(ann, 'delete from public.alert_rules where id = $1', [id]);
    expect(await alerts()).toEqual([]);
  });

  it('is evaluated by one caller at a time', async () => {
    await addRule(SILENT);
    const other = await database.open();
    await other.query('begin; select public.evaluate_alert_rules()');
    try {
      await expect(evaluate()).rejects.toMatchObject({ code: BUSY, message: 'no rule was judged' });
    } finally {
      await other.query('rollback');
    }
    expect(await evaluate()).toBe(1);
  });

  it('is judged though the server’s clock has gone back, and its alerts end', async () => {
    await addRule(HOT);
    await judge(0);
    await read(0, { t: 95 });
    expect(await judge(1440)).toBe(1);
    expect(await evaluate()).toBe(1);
    expect(await alerts()).toMatchObject([{ resolved: true }]);
  });

  it('judges what comes after a restore on a server whose transaction ids are lower', async () => {
    await addRule(HOT);
    await read(0, { t: 20 });
    await judge(0);
    await database.admin.query(
      `update public.alert_rule_progress set cursor = '999999999'; update ingest.tenant_cursors set judged = '999999999';
       update public.device_status set fresh_xid = '999999998', earlier_xid = '999999990'`,
    );
    await read(0, { t: 95 }, -180);
    for (let batch = 1; batch < 5; batch++) await read(0, { t: 20 }, -20 * batch);
    expect(await judge(1)).toBe(1);
    await read(0, { t: 20 });
    expect(await judge(11)).toBe(1);
    await read(0, { t: 95 });
    expect(await judge(12)).toBe(1);
  });

  it('of a tenant that is to be deleted is not judged', async () => {
    await addRule(SILENT);
    const due = async () => (await database.admin.query('select tenant_id from ingest.due_rules(20)')).rows;
    expect(await due()).toEqual([{ tenant_id: tenant }]);
    await database.admin.query("select access.ask_deletion_of_tenant($1, 'operator', '7 days')", [tenant]);
    expect(await due()).toEqual([]);
    await database.admin.query('delete from public.deletions');
  });

  it('must be whole', async () => {
    await expect(addRule({ ...HOT, field: undefined })).rejects.toMatchObject({ code: '23514' });
    await expect(addRule({ ...SILENT, threshold: 1 })).rejects.toMatchObject({ code: '23514' });
    await expect(preview({ ...HOT, kind: 'guess' })).rejects.toMatchObject({ code: BAD_ARGUMENT });
    await expect(preview({ ...HOT, window_minutes: 0 })).rejects.toMatchObject({ code: BAD_ARGUMENT });
    await expect(preview({ ...HOT, window_minutes: 2_147_483_647 })).rejects.toMatchObject({ code: BAD_ARGUMENT });
  });

  it('cannot be of a tenant, or on a device, of others', async () => {
    const other = await addDevice(database.admin, { tenant: 'globex', device: 'd', createTenant: true });
    await expect(addRule(HOT, other.tenantId)).rejects.toMatchObject({ code: REFUSED });
    const id = await addRule(HOT);
    const turn = database.asUser(ann, 'update public.alert_rules set device_id = $2 where id = $1', [
      id,
      other.deviceId,
    ]);
    await expect(turn).rejects.toMatchObject({ code: '23503' });
  });
});

describe('an alert', () => {
  it('is acknowledged once, by whom, and the audit log says so', async () => {
    await addRule(HOT);
    await read(1, { t: 95 });
    await evaluate();
    const { rows } = await database.admin.query('select id from public.alerts');
    for (let n = 0; n < 2; n++) await database.asUser(ann, 'select public.acknowledge_alert($1)', [rows[0].id]);
    const found = await database.admin.query('select acknowledged_by from public.alerts');
    expect(found.rows).toEqual([{ acknowledged_by: ann.sub }]);
    const log = await database.admin.query("select actor_email from public.audit_log where action = 'alert.changed'");
    expect(log.rows).toEqual([{ actor_email: ann.email }]);
    const stranger = await makePerson(database.admin, 'eve@evil.example');
    await expect(database.asUser(stranger, 'select public.acknowledge_alert($1)', [rows[0].id])).rejects.toMatchObject({
      code: NOT_FOUND,
    });
  });
});
