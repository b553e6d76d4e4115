// Fills a scratch database with tenants, devices and a week of readings, made by the server itself.
import type { ClientBase } from 'pg';

/** What there is afterwards. */
export interface Filled {
  rows: number;
  /** Per tenant: its id, a member's sub, a device. */
  tenants: { id: string; member: string; device: string }[];
}

/** How many of whom. */
const FEW = { tenants: 200, devicesPerTenant: 5 };
const DAYS = 7;
const DAY_SECONDS = 86_400;

/**
 * About `rows` readings of the last 7 days, as they would arrive: in order of time, all devices in turns, each every so
 * many seconds; and a day of ledger.
 */
export async function fillTelemetry(
  client: ClientBase,
  rows: number,
  { tenants: many, devicesPerTenant } = FEW,
): Promise<Filled> {
  await client.query(`
    insert into public.tenants (slug, name) select 't' || n, 'Tenant ' || n from generate_series(1, ${many}) as n;
    insert into auth.users (email) select slug || '@tenants.example' from public.tenants;
    insert into public.memberships (tenant_id, user_id, email, role)
      select t.id, u.id, u.email, 'owner' from public.tenants as t join auth.users as u on u.email = t.slug || '@tenants.example';
    insert into public.devices (tenant_id, slug, name)
      select t.id, 'd' || n, 'Device ' || n from public.tenants as t, generate_series(1, ${devicesPerTenant}) as n`);
  // Built at the end it takes a fraction of the time.
  await client.query('alter table public.telemetry drop constraint telemetry_pkey');
  const stepSeconds = (DAYS * DAY_SECONDS * many * devicesPerTenant) / rows;
  for (let day = DAYS; day >= 0; day--) {
    await client.query(`select ingest.make_telemetry_partition(current_date - ${day})`);
    await client.query(
      `insert into public.telemetry (tenant_id, device_id, ts, message_id, received_at, payload)
       select d.tenant_id, d.id, moment.ts, 'm' || extract(epoch from moment.ts), moment.ts,
         jsonb_build_object('temperature', 20 + 5 * sin(extract(epoch from moment.ts)::float8 / 7200), 'humidity', 55, 'ok', true)
       from generate_series(
         greatest(now() - interval '${DAYS} days', (current_date - ${day})::timestamptz),
         least(now(), (current_date - ${day - 1})::timestamptz - interval '1 ms'),
         make_interval(secs => $1)) as moment (ts)
       cross join (select tenant_id, id from public.devices order by id) as d`,
      [stepSeconds],
    );
  }
  await client.query('alter table public.telemetry add primary key (tenant_id, device_id, ts, message_id)');
  await client.query(`
    insert into public.device_status (tenant_id, device_id, last_received_at, gaps, fields)
      select tenant_id, id, now(), '{10,10,10,10,10,10,10,10}', '{"temperature": [20, 0, 0], "humidity": [55, 0, 0], "ok": [true, 0, 0]}'
      from public.devices;
    insert into public.ingest_ledger (tenant_id, minute, received, stored, duplicate, rejected, over_quota, latency_ms_sum, latency_ms_max)
    select t.id, minute, 10, 9, 1, 0, 0, 500, 90
    from generate_series(date_trunc('minute', now() - interval '1 day'), now(), interval '1 minute') as minute cross join public.tenants as t`);
  await client.query('vacuum analyze');
  const count = await client.query('select count(*)::int as n from public.telemetry');
  const tenants = await client.query(
    `select t.id, m.user_id as member, (select d.id from public.devices as d where d.tenant_id = t.id limit 1) as device
     from public.tenants as t join public.memberships as m on m.tenant_id = t.id order by t.slug`,
  );
  return { rows: count.rows[0].n, tenants: tenants.rows };
}

/** A tenant whose 20 devices sent every ten seconds for a day. */
export async function addTenant(client: ClientBase, slug: string): Promise<{ id: string; member: string }> {
  const { rows } = await client.query<{ id: string; member: string }>(
    `
    with tenant as (insert into public.tenants (slug, name) values ($1, $1) returning id),
      person as (insert into auth.users (email) values ($1 || '@tenants.example') returning id, email),
      member as (
        insert into public.memberships (tenant_id, user_id, email, role)
        select tenant.id, person.id, person.email, 'owner' from tenant, person),
      devices as (
        insert into public.devices (tenant_id, slug, name)
        select tenant.id, 'd' || n, 'Device ' || n from tenant, generate_series(1, 20) as n)
    select tenant.id, person.id as member from tenant, person`,
    [slug],
  );
  for (const daysAgo of [1, 0])
    await client.query('select ingest.make_telemetry_partition(current_date - $1::int)', [daysAgo]);
  await client.query(
    `insert into public.telemetry (tenant_id, device_id, ts, message_id, received_at, payload)
     select d.tenant_id, d.id, ts, 'm' || extract(epoch from ts), ts,
       jsonb_build_object('temperature', 20 + 5 * sin(extract(epoch from ts)::float8 / 7200), 'humidity', 55, 'ok', true)
     from generate_series(now() - interval '1 day', now(), interval '10 seconds') as ts
     cross join public.devices as d where d.tenant_id = $1`,
    [rows[0]!.id],
  );
  return rows[0]!;
}
