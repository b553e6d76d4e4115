// A tenant with more of everything than an answer of the API may hold, for the tests of the dashboard's queries.
import { withConnection } from '../../provisioning/database/connect.ts';

/** What there is, by the number that a test looks for. */
export const DEVICES = 130;
export const MEMBERS = 121;
export const INVITATIONS = 122;
export const RULES = 110;
export const OPEN = 113;
export const RESOLVED = 114;
export const LETTERS = 115;
export const FIELDS = 116;
export const TENANTS = 105;
export const CHANNELS = 109;
export const TOKENS = 10;
/** Of each, ten days are archived and linked. */
export const ARCHIVED_MONTHS = 14;
const MINUTES = 3000;
/** Where a device's older readings end. */
export const NOON = new Date('2026-11-20T12:00:00Z');

/** Ids: of the tenant, its first device, its oldest alert. */
export interface FullTenant {
  tenant: string;
  device: string;
  alert: string;
}

/** More of everything than the smaller cuts let through; many rows of one moment, so that only the tiebreak orders them. */
export async function fillTenant(databaseUrl: string, owner: { id: string; email: string }): Promise<FullTenant> {
  return withConnection(databaseUrl, async (client) => {
    const id = async (sql: string, values: unknown[]) => (await client.query(sql, values)).rows[0].id as string;
    const tenant = await id("insert into public.tenants (slug, name) values ('acme', 'Acme') returning id", []);
    const run = (sql: string, ...values: unknown[]) => client.query(sql, [tenant, ...values]);
    const member = "insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, $3, 'owner')";
    await run(member, owner.id, owner.email);
    await client.query(
      `with made as (insert into public.tenants (slug, name) select 't-' || n, 'T' from generate_series(2, ${TENANTS}) as n returning id)
       insert into public.memberships (tenant_id, user_id, email, role) select id, $1, $2, 'viewer' from made`,
      [owner.id, owner.email],
    );
    await run(
      `with people as (insert into auth.users (id, email) select gen_random_uuid(), 'p' || n || '@acme.example'
         from generate_series(2, ${MEMBERS}) as n returning id, email)
       insert into public.memberships (tenant_id, user_id, email, role) select $1, id, email, 'viewer' from people`,
    );
    await run(
      `insert into public.invitations (tenant_id, email, role, token_hash)
       select $1, 'i' || n || '@acme.example', 'viewer', sha256(n::text::bytea) from generate_series(1, ${INVITATIONS}) as n`,
    );
    await run(
      `insert into public.devices (tenant_id, slug, name, tags)
       select $1, 'd-' || n, 'd-' || n, case when n % 2 = 0 then '{even}'::text[] else array['t' || n, 'u' || n] end
       from generate_series(1, $2) as n`,
      DEVICES,
    );
    const device = await id("select id from public.devices where tenant_id = $1 and slug = 'd-1'", [tenant]);
    await run(
      `insert into public.device_status (tenant_id, device_id, last_received_at, gaps, clock_skew, fields)
       select $1, id, now(), array_fill(300.1::real, '{8}'), 0.4, fields.of_8_kib from public.devices
       cross join (select jsonb_object_agg('f' || n, jsonb_build_array(n, n, 1790000000000)) as of_8_kib from generate_series(1, 150) as n) as fields
       where tenant_id = $1`,
    );
    // Minutes apart, so that a rule of a one-minute window fires at each.
    await run(
      `insert into public.telemetry (tenant_id, device_id, ts, received_at, message_id, payload)
       select $1, d.id, now() - make_interval(mins => 3 * n), now() - make_interval(mins => 3 * n), 'm' || n, '{"f1": 1}'
       from public.devices as d, generate_series(1, 5) as n where d.tenant_id = $1`,
    );
    await run(
      `insert into public.telemetry (tenant_id, device_id, ts, received_at, message_id, payload)
       select $1, $2, now() - interval '1 minute', now(), 'same ' || n, '{}' from generate_series(1, 50) as n`,
      device,
    );
    await run(
      `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
       select $1, $2, now() - interval '30 seconds', 'fields', jsonb_object_agg('f' || n, 1) from generate_series(1, ${FIELDS}) as n`,
      device,
    );
    await run(
      `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
       select $1, $2, $3::timestamptz - make_interval(mins => 5 * n), 'old ' || n, '{"f1": 2}' from generate_series(1, 2016) as n`,
      device,
      NOON,
    );
    await run(
      `insert into public.api_tokens (tenant_id, name, scopes, token_hash, expires_at)
       select $1, 'Token', '{devices}', sha256(n::text::bytea), now() + interval '1 day' from generate_series(1, $2) as n`,
      TOKENS,
    );
    await run(
      `insert into public.deletions (kind, tenant_id, device_id, asked_by, stage)
       select 'device', $1, gen_random_uuid(), 'owner', 'rows' from generate_series(1, 30)`,
    );
    await run(
      `insert into ingest.archive_objects (name, tenant_id, day, source, rows, checksum, bytes, released_at)
       select format('archive/tenant=%s/day=%s/%s.parquet', $1::uuid, o.day, md5(o.day::text)), $1, o.day, 'retired_rows', 1, md5(o.day::text), 1, now()
       from (select date '2025-01-01' + make_interval(months => m, days => d)
             from generate_series(1, ${ARCHIVED_MONTHS}) as m, generate_series(1, 10) as d) as t (at), lateral (select at::date as day) as o`,
    );
    await run(
      `with made as (
         insert into public.archive_requests (tenant_id, first_day, last_day, made_at, ends_at)
         select $1, date '2026-01-01' + n, date '2026-01-01' + n, at, at + interval '1 day'
         from generate_series(1, 9) as n, lateral (select case when n < 9 then now() end as at) as a returning id, ends_at)
       insert into public.archive_links (request_id, tenant_id, name, day, rows, bytes, url, ends_at)
       select m.id, o.tenant_id, o.name, o.day, o.rows, o.bytes, '/' || o.name, m.ends_at
       from made as m, ingest.archive_objects as o where m.ends_at is not null`,
    );
    await run("insert into public.device_state (tenant_id, device_id, desired) values ($1, $2, '{}')", device);
    await run(
      `insert into public.device_commands (tenant_id, device_id, payload) select $1, $2, jsonb_build_object('n', n)
       from generate_series(1, 30) as n`,
      device,
    );
    await run(
      'insert into public.device_credentials (tenant_id, device_id, password_hash) values ($1, $2, $3)',
      device,
      '$7$1000$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==',
    );
    await run(
      `insert into public.ingest_ledger (tenant_id, minute, received, stored, duplicate, rejected, over_quota)
       select $1, date_trunc('minute', now()) - make_interval(mins => n), 1, (n not between 10 and 29)::int, 0, 0, 0
       from generate_series(-30, ${MINUTES}) as n`,
    );
    await run(
      `insert into public.usage_days (tenant_id, day, readings) select $1, date '2026-09-15' + n, n from generate_series(0, 60) as n`,
    );
    await client.query(
      `insert into access.question_offer values (true, 'models.example', '{small}', '2026-11-01', 1000, 10000, 1000, 10000, 100000)`,
    );
    await run(`insert into public.question_settings (tenant_id, is_on) values ($1, true)`);
    await run(
      `insert into public.question_days (tenant_id, day, tokens) select $1, date '2026-09-15' + n, n from generate_series(0, 60) as n`,
    );
    // The last 20 of 40 hours are of the last day, with some room.
    await run(
      `insert into public.refusals (tenant_id, hour, reason, times)
       select $1, now() - make_interval(hours => case when n <= 20 then n else n + 20 end), 'r' || r, r
       from generate_series(1, 40) as n, generate_series(1, 3) as r`,
    );
    await run(
      "insert into public.device_refusals (tenant_id, device_id, reason, refused_at) select $1, $2, 'r' || n, now() from generate_series(1, 11) as n",
      device,
    );
    await client.query("select access.begin_maintenance('A new disk', 60, 'ann')");
    await run('insert into public.tenant_limits (tenant_id, readings_per_day) values ($1, 1000)');
    await run(
      `insert into public.dead_letters (tenant_id, device_id, topic, payload, reason, fingerprint, received_at)
       select $1, $2, 't', 'x', 'not-json', 'f' || n, now() - make_interval(secs => n / 50) from generate_series(1, ${LETTERS}) as n`,
      device,
    );
    await run(
      `insert into public.field_names (tenant_id, field, unit) select $1, 'f' || n, 'K' from generate_series(1, ${FIELDS}) as n`,
    );
    await run(
      "insert into public.reading_rules (tenant_id, device_id, time_members) values ($1, $2, '{Time}')",
      device,
    );
    await run(
      `insert into public.alert_rules (tenant_id, name, kind, window_minutes)
       select $1, 'rule ' || n / 50, 'missing', 5 from generate_series(1, ${RULES}) as n`,
    );
    await run(
      `insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, resolved_at, message)
       select $1, (select id from public.alert_rules order by id limit 1), d.id, now() - make_interval(mins => n::int / 50),
         now(), resolved, 'm'
       from (select id, row_number() over (order by id) as n from public.devices where tenant_id = $1) as d
       cross join (values (null), (now())) as of (resolved)
       where n <= case when resolved is null then ${OPEN} else ${RESOLVED} end`,
    );
    const alert = await id('select id from public.alerts where tenant_id = $1 order by id limit 1', [tenant]);
    await client.query('update access.platform_limits set max_channels = 1000, max_routes = 1000');
    await run(
      `with channel as (
         insert into public.notification_channels (tenant_id, name, kind, destination, confirmed_at)
         select $1, 'c' || n / 50, 'webhook', 'hooks.example.com', now() from generate_series(1, ${CHANNELS}) as n returning id
       ), route as (
         insert into public.notification_routes (tenant_id, channel_id, severities) select $1, id, '{critical}' from channel
       )
       insert into public.notifications (tenant_id, channel_id, alert_id, transition, content) select $1, id, $2, 'opened', '{}' from channel`,
      alert,
    );
    await client.query(
      `insert into access.notification_sender (key_id, public_key) values (repeat('0', 16), repeat('A', 87))`,
    );
    return { tenant, device, alert };
  });
}
