// What the database tells of a day, a week or a month: read-only, within a time, and without reading all of telemetry.
import type { Client } from 'pg';

/** What became of readings. `residual`: minutes that do not add up. */
export type Readings = Record<'received' | 'stored' | 'rejected' | 'overQuota' | 'residual', number>;

/** A tenant's part of them. */
export interface TenantUse extends Readings {
  id: string;
  tenant: string;
  /** Of stored payloads: the average of up to 20 readings of the last day, times their number. */
  bytes: number;
}

/** What was found. Times are the database's. */
export interface Facts {
  now: Date;
  tenants: number;
  devices: number;
  /** Devices that something came from in the last hour. */
  heard: number;
  lastRunAt: Date | null;
  /** Whether the app's role may sign in. A restore takes that away until it has ended. */
  appMaySignIn: boolean;
  /** When the newest canary was sent that has come. */
  canaryAt: Date | null;
  /** Since when outages are noted; null: no canary has ever come. */
  watchedSince: Date | null;
  outages: { from: Date; to: Date }[];
  maintenance: { reason: string; until: string } | null;
  readings: Readings;
  /** Most readings received in one minute. */
  busiestMinute: number;
  /** How long readings waited for their row; null: none came. */
  latencyMs: { average: number; most: number } | null;
  letters: { kept: number; bytes: number; lost: number };
  refusals: { reason: string; times: number }[];
  /** All that sent anything, most readings first. */
  uses: TenantUse[];
  rules: { enabled: number; failing: number; late: number };
  database: { bytes: number; telemetryBytes: number; bytesPerDay: number; isReadOnly: boolean };
  /** By name, without "mqtt_saas_": what parts of the platform tell of themselves. A part that fails tells nothing. */
  figures: Record<string, number>;
}

/** One row a tenant, and one a minute, in one reading of the ledger. A minute may still change for a while. */
const LEDGER = `
  select l.tenant_id as id, sum(l.received)::float8 as received, sum(l.stored)::float8 as stored, sum(l.rejected)::float8 as rejected, 
    sum(l.over_quota)::float8 as "overQuota", sum(l.latency_ms_sum) as latency, max(l.latency_ms_max) as most,
    count(*) filter (where l.received <> l.stored + l.duplicate + l.rejected + l.over_quota
      and l.minute < now() - interval '5 minutes')::float8 as residual
  from public.ingest_ledger as l where l.minute >= $1 group by grouping sets ((l.tenant_id), (l.minute))`;

const PLATFORM = `
  select now() as now, (select count(*)::int from public.tenants) as tenants,
    (select count(*)::int from public.devices where enabled) as devices,
    (select count(*)::int from public.device_status where last_received_at > now() - interval '1 hour') as heard,
    (select max(seen_at) from ingest.leases) as "lastRunAt",
    (select rolcanlogin from pg_roles where rolname = 'mqtt_ingest') as "appMaySignIn", (select max(came_at) from ingest.canaries) as "canaryAt",
    (select min(began_at) from ingest.outages) as "watchedSince",
    (select jsonb_build_object('reason', m.reason, 'until', m.ends_at) from public.maintenance() as m) as maintenance`;

const OUTAGES = `
  select greatest(began_at, $1) as "from", ended_at as "to" from ingest.outages
  where ended_at > $1 and ended_at > began_at order by began_at`;

const LETTERS = `
  select (select coalesce(sum(letters), 0)::float8 from ingest.dead_letter_use) as kept,
    (select coalesce(sum(bytes), 0)::float8 from ingest.dead_letter_use) as bytes,
    (select coalesce(sum(not_kept), 0)::float8 from public.dead_letter_counts where hour >= $1) as lost`;

const REFUSALS = `
  select reason, sum(times)::float8 as times from public.refusals where hour >= $1 group by 1 order by 2 desc limit 3`;

const RULES = `
  select count(*)::int as enabled, count(*) filter (where p.problem is not null)::int as failing,
    count(*) filter (where coalesce(p.judged_at, r.created_at) < now() - interval '15 minutes')::int as late
  from public.alert_rules as r left join public.alert_rule_progress as p on p.rule_id = r.id where r.enabled`;

/** Growth: of the last seven days, once it is measured, or the average size of these days' partitions. */
const SIZE = `
  with day as (
    select c.relname as name, pg_total_relation_size(c.oid) as bytes
    from pg_inherits as i join pg_class as c on c.oid = i.inhrelid where i.inhparent = 'public.telemetry'::regclass)
  select pg_database_size(current_database())::float8 as bytes,
    (select coalesce(sum(d.bytes), 0)::float8 from day as d) as "telemetryBytes",
    coalesce((ingest.usage_figures() ->> 'database_growth_bytes_per_day')::float8, (select avg(d.bytes)::float8 from day as d
     where d.name between to_char(now() - interval '7 days', '"telemetry_"YYYYMMDD')
       and to_char(now() - interval '1 day', '"telemetry_"YYYYMMDD')), 0) as "bytesPerDay",
    current_setting('default_transaction_read_only') = 'on' as "isReadOnly"`;

/** A tenant's name, and how large its readings are, looked up by the key for each. */
const SAMPLES = `
  select u.id, coalesce((select t.slug from public.tenants as t where t.id = u.id), '(unknown)') as tenant, coalesce((
    select avg(pg_column_size(s.payload)) from (
      select t.payload from public.telemetry as t
      where t.tenant_id = u.id and t.ts > now() - interval '1 day' and t.ts < now() + interval '1 hour' limit 20) as s
    ), 0)::float8 as bytes
  from unnest($1::uuid[]) as u (id)`;

/**
 * Reads them in one transaction.
 * @param since where the report begins. @param statementMs how long one statement may take.
 * @throws database errors, such as 57014 when a statement took too long.
 */
export async function readFacts(client: Client, since: Date, statementMs: number): Promise<Facts> {
  const rows = async <T>(sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows as T[];
  const one = async <T>(sql: string, ...values: unknown[]) => (await rows<T>(sql, ...values))[0] as T;
  await client.query('begin transaction isolation level repeatable read read only');
  try {
    await client.query(
      `set local statement_timeout = ${statementMs}; set local lock_timeout = 2000; set local jit = off`,
    );
    return {
      ...(await one<Facts>(PLATFORM)),
      ...(await readLedger(rows, since)),
      outages: await rows(OUTAGES, since),
      letters: await one(LETTERS, since),
      refusals: await rows(REFUSALS, since),
      rules: await one(RULES),
      database: await one(SIZE),
      ...(await one<Pick<Facts, 'figures'>>(
        "select figures || coalesce(ingest.questions_figures(), '{}') as figures from ingest.platform_figures()",
      )),
    };
  } finally {
    await client.query('rollback').catch(() => {});
  }
}

type Rows = <T>(sql: string, ...values: unknown[]) => Promise<T[]>;

async function readLedger(
  rows: Rows,
  since: Date,
): Promise<Pick<Facts, 'readings' | 'busiestMinute' | 'latencyMs' | 'uses'>> {
  type Sum = Readings & { id: string | null; latency: number; most: number };
  const sums = await rows<Sum>(LEDGER, since);
  const minutes = sums.filter(({ id }) => id === null);
  const tenants = sums.filter((sum): sum is Sum & { id: string } => sum.id !== null && sum.received > 0);
  const samples = await rows<Pick<TenantUse, 'id' | 'tenant' | 'bytes'>>(
    SAMPLES,
    tenants.map(({ id }) => id),
  );
  const sampleOf = new Map(samples.map((sample) => [sample.id, sample]));
  const total = (name: keyof Readings) => tenants.reduce((sum, tenant) => sum + tenant[name], 0);
  const received = total('received');
  return {
    readings: {
      received,
      stored: total('stored'),
      rejected: total('rejected'),
      overQuota: total('overQuota'),
      residual: total('residual'),
    },
    busiestMinute: Math.max(0, ...minutes.map((minute) => minute.received)),
    latencyMs:
      received === 0
        ? null
        : {
            average: tenants.reduce((sum, { latency }) => sum + latency, 0) / received,
            most: Math.max(...tenants.map(({ most }) => most)),
          },
    uses: tenants
      .map(({ id, latency: _, most: __, ...sums }) => {
        const { tenant, bytes } = sampleOf.get(id)!;
        return { ...sums, id, tenant, bytes: sums.stored * bytes };
      })
      .sort((a, b) => b.received - a.received),
  };
}
