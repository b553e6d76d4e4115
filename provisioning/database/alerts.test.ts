// Alert rules: what opens an alert, what keeps it open and what resolves it, and that the preview says the same.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addDevice } from './registry.ts';
import { BAD_ARGUMENT, NOT_FOUND, REFUSED, startTestDatabase, type TestDatabase } from './testing/database.ts';
import { makePerson, type Person } from './testing/world.ts';

let database: TestDatabase;
let ann: Person;
let tenant: string;
let device: string;

beforeAll(async () => {
  database = await startTestDatabase();
  ann = await makePerson(database.admin, 'ann@acme.example');
  ({ tenantId: tenant, deviceId: device } = await addDevice(database.admin, {
    ...{ tenant: 'acme', device: 'boiler', createTenant: true },
  }));
  await database.admin.query(
    "insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, $3, 'staff')",
    [...[tenant, ann.sub, ann.email]],
  );
  await database.admin.query("update public.devices set created_at = now() - interval '2 days'");
});
afterAll(() => database.stop());
beforeEach(async () => {
  await database.admin.query('delete from public.alert_rules; delete from public.telemetry');
});

/** A reading so many minutes ago. */
const read = (minutesAgo: number, payload: unknown) =>
  database.admin.query(
    `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
     values ($1, $2, now() - make_interval(secs => $3::float8 * 60), gen_random_uuid(), $4)`,
    [tenant, device, minutesAgo, JSON.stringify(payload)],
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

/** As the dashboard lists them. */
async function alerts() {
  const { rows } = await database.asUser(
    ann,
    `select value, message, resolved_at is not null as resolved, round(extract(epoch from now() - opened_at) / 60)::int as age
     from public.alerts order by opened_at`,
  );
  return rows;
}

/** Minutes ago and value of what the rule would have opened in the last day. */
async function preview({ kind, field, comparison, threshold, window_minutes }: Rule) {
  const { rows } = await database.asUser(
    ann,
    `select round(extract(epoch from now() - at) / 60)::int as age, value
     from public.preview_alert_rule($1, $2, null, $3, $4, $5, $6, now() - interval '1 day')`,
    [tenant, kind, field, comparison, threshold, window_minutes],
  );
  return rows.map(({ age, value }) => [age, Math.round(value)]);
}

describe('a threshold', () => {
  it('opens one alert, refreshes it, and resolves it when no reading was beyond for a window', async () => {
    await addRule(HOT);
    await read(8, { t: 95 });
    await read(5, { t: 20 });
    expect(await evaluate()).toBe(1);
    await read(1, { t: 99 });
    expect(await evaluate()).toBe(0);
    expect(await alerts()).toEqual([{ value: 99, message: 't was 95, which is above 90', resolved: false, age: 8 }]);
    await database.admin.query("update public.telemetry set ts = ts - interval '10 minutes'");
    expect(await evaluate()).toBe(1);
    expect(await alerts()).toMatchObject([{ resolved: true }]);
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

  it('is not upset by what is no number, or one that no double holds', async () => {
    await addRule(HOT);
    for (const payload of [
      '{"t": 1e400}',
      '{"t": -1e400}',
      '{"t": 1e-400}',
      '{"t": "95"}',
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
    await database.admin.query("update public.alerts set opened_at = opened_at - interval '1 hour'");
    await evaluate();
    expect(await alerts()).toMatchObject([{ value: expect.closeTo(80, 0) }]);
    await read(0, {});
    expect(await evaluate()).toBe(1);
    expect(await alerts()).toMatchObject([{ resolved: true }]);
  });

  it('is no alert for a device that is new, or disabled', async () => {
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
    expect(await alerts()).toMatchObject([{ value: expect.closeTo((60 - 10) / 8, 3), age: 1 }]);
    expect(await preview(RISING)).toEqual([[1, 6]]);
    expect(await preview({ ...RISING, comparison: 'below', threshold: 0 })).toEqual([]);
  });
});

describe('a rule', () => {
  it('that is switched off resolves its alerts; one that is deleted takes them along', async () => {
    const id = await addRule(HOT);
    await read(1, { t: 95 });
    await evaluate();
    await database.asUser(ann, 'update public.alert_rules set enabled = false where id = $1', [id]);
    expect(await evaluate()).toBe(1);
    expect(await alerts()).toMatchObject([{ resolved: true }]);
    await database.asUser(ann, 'delete from public.alert_rules where id = $1', [id]);
    expect(await alerts()).toEqual([]);
  });

  it('is evaluated by one caller at a time', async () => {
    await addRule(SILENT);
    const other = await database.open();
    await other.query('begin; select public.evaluate_alert_rules()');
    expect(await evaluate()).toBe(0);
    await other.query('rollback');
    expect(await evaluate()).toBe(1);
  });

  it('must be whole', async () => {
    await expect(addRule({ ...HOT, field: undefined })).rejects.toMatchObject({ code: '23514' });
    await expect(addRule({ ...SILENT, threshold: 1 })).rejects.toMatchObject({ code: '23514' });
    await expect(preview({ ...HOT, kind: 'guess' })).rejects.toMatchObject({ code: BAD_ARGUMENT });
    await expect(preview({ ...HOT, window_minutes: 0 })).rejects.toMatchObject({ code: BAD_ARGUMENT });
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
