// A tenant with two devices, and rules that hold for a duration: readings that came at some minute, rounds of judging, and what they opened.
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startTestDatabase, type TestDatabase } from './database.ts';
import { makePerson, type Person } from './world.ts';

export let database: TestDatabase;
export let ann: Person;
export let tenant: string;
/** Ids by slug. */
export let devices: Record<string, string>;
/** All times are minutes from this one; two hours ago. */
export let base: Date;

/** Makes them again for each test of the file: the devices `a`, tagged cold, and `b`. */
export function lastingRulesOfFile(): void {
  beforeAll(async () => {
    database = await startTestDatabase();
    ann = await makePerson(database.admin, 'ann@acme.example');
    const { rows } = await database.admin.query(
      "insert into public.tenants (slug, name) values ('acme', 'Acme') returning id",
    );
    tenant = rows[0].id;
    await database.admin.query(
      "insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, $3, 'staff')",
      [tenant, ann.sub, ann.email],
    );
  });
  afterAll(() => database.stop());
  beforeEach(async () => {
    base = new Date(Math.floor(Date.now() / 1000) * 1000 - 120 * 60_000);
    await database.admin.query(
      'delete from public.alert_rules; delete from public.telemetry; delete from public.devices; delete from public.telemetry_rollups',
    );
    const { rows } = await database.admin.query(
      `insert into public.devices (tenant_id, slug, name, tags, created_at)
       select $1, slug, slug, tags::text[], now() - interval '30 days' from (values ('a', '{cold}'), ('b', '{}')) as d (slug, tags)
       returning slug, id`,
      [tenant],
    );
    devices = Object.fromEntries(rows.map(({ slug, id }) => [slug, id]));
  });
}

/** A reading that came at some minute, stored now. */
export const read = (minute: number, payload: unknown, device = 'a') =>
  database.admin.query(
    `with reading as (
       insert into public.telemetry (tenant_id, device_id, received_at, ts, message_id, payload)
       select $1, $2, at, at, gen_random_uuid(), $4 from (select $5::timestamptz + make_interval(secs => $3::float8 * 60) as at) as came
       returning *)
     select ingest.note_devices(array[tenant_id], array[device_id], array[received_at], '{null}'::real[], '{0}'::real[], array[ts],
       array[(select jsonb_object_agg(key, jsonb_build_array(value, extract(epoch from ts) * 1000, extract(epoch from received_at) * 1000))
         from jsonb_each(payload))], array[tstzmultirange(tstzrange(ts - interval '1 minute', ts + interval '1 minute'))])
     from reading`,
    [tenant, devices[device], minute, JSON.stringify(payload), base],
  );

/** Judges all rules as of a minute. @returns alerts opened or resolved. */
export async function judge(minute: number): Promise<number> {
  const { rows } = await database.admin.query(
    `select (ingest.judge_rules(array(select id from public.alert_rules), 'infinity', $2::timestamptz + make_interval(secs => $1::float8 * 60))).changed`,
    [minute, base],
  );
  return rows[0].changed;
}

export interface Rule {
  kind?: string;
  device_id?: string;
  tag?: string;
  field?: string;
  comparison?: string;
  threshold?: number;
  wanted?: string;
  for_minutes?: number;
  also_field?: string;
  also_comparison?: string;
  also_threshold?: number;
  also_wanted?: string;
  window_minutes?: number;
}
export const WARM: Rule = { field: 't', comparison: 'above', threshold: 8, for_minutes: 10 };
export const OPEN: Rule = { field: 'door', comparison: 'is', wanted: 'open', for_minutes: 0 };
export const BOTH: Rule = { ...WARM, also_field: 'door', also_comparison: 'is', also_wanted: 'open' };

/** @returns its id. */
export async function addRule(rule: Rule): Promise<string> {
  const all = { tenant_id: tenant, name: 'rule', kind: 'threshold', window_minutes: 5, ...rule };
  const names = Object.keys(all);
  const { rows } = await database.asUser(
    ann,
    `insert into public.alert_rules (${names}) values (${names.map((_, n) => `$${n + 1}`)}) returning id`,
    Object.values(all),
  );
  return rows[0].id;
}

export const minuteOf = (time: Date | string | null) =>
  time === null ? null : Math.round((new Date(time).getTime() - base.getTime()) / 600) / 100;

/** [device, opened at, resolved at] of each, in minutes, oldest first. */
export async function alerts(rule?: string) {
  const { rows } = await database.admin.query(
    `select d.slug, a.opened_at, a.resolved_at from public.alerts as a join public.devices as d on d.id = a.device_id
     where $1::uuid is null or a.rule_id = $1 order by a.opened_at, d.slug`,
    [rule ?? null],
  );
  return rows.map(({ slug, opened_at, resolved_at }) => [slug, minuteOf(opened_at), minuteOf(resolved_at)]);
}

export const messages = async () =>
  (await database.admin.query('select message from public.alerts order by opened_at')).rows.map(
    ({ message }) => message,
  );

/** What a rule would have opened, in minutes, oldest first. */
export async function tryRule(rule: Rule) {
  const all = { tenant_id: tenant, kind: 'threshold', window_minutes: 5, hours: 24, ...rule } as Record<
    string,
    unknown
  >;
  for (const name of ['device_id', 'field', 'comparison', 'threshold']) all[name] ??= null;
  const names = Object.keys(all);
  const { rows } = await database.asUser(
    ann,
    `select * from public.try_alert_rule(${names.map((name, n) => `${name} => $${n + 1}`)})`,
    Object.values(all),
  );
  return {
    ...rows[0],
    at: rows[0].newest.map(({ received_at }: { received_at: string }) => minuteOf(received_at)).toReversed(),
  };
}
