// A day of history for the demonstration's tenant, so that charts and lists have something to show.
import type { ClientBase } from 'pg';
import { DEMO_TENANT } from '../../local/demo-users.ts';

/** Adds readings, the ledger's minutes, dead letters, rules and alerts of the last 24 hours. */
export async function makeHistory(client: ClientBase): Promise<void> {
  await client.query('select ingest.ensure_telemetry_partitions()');
  await client.query(
    `insert into public.telemetry (tenant_id, device_id, ts, received_at, message_id, payload)
     select d.tenant_id, d.id, at, at, 'history ' || at, jsonb_build_object('id', 'history', 'ts', at,
       'temperature', round((21 + 4 * wave + random())::numeric, 2),
       'humidity', round((50 - 15 * wave + 2 * random())::numeric, 2))
     from public.devices as d join public.tenants as t on t.id = d.tenant_id
     cross join generate_series(now() - interval '24 hours', now() - interval '45 seconds', interval '15 seconds') as at
     -- The simulator's own wave: see local/simulator.ts.
     cross join lateral (select sin(extract(epoch from at) / 86400 * 2 * pi() + (d.slug = 'boiler-2')::int) as wave) as w
     where t.slug = $1`,
    [DEMO_TENANT],
  );
  await client.query(
    `insert into public.ingest_ledger (tenant_id, minute, received, stored, duplicate, rejected, over_quota)
     select t.id, minute, n + d + r, n, d, r, 0 from public.tenants as t
     cross join generate_series(date_trunc('minute', now()) - interval '24 hours',
       date_trunc('minute', now()) - interval '1 minute', interval '1 minute') as minute
     cross join lateral (select (225 + 10 * sin(extract(epoch from minute) / 4000) + 10 * random())::int as n,
       (8 * random())::int as d, (case when random() > 0.9 then 3 else 0 end) as r) as fate
     where t.slug = $1 on conflict do nothing`,
    [DEMO_TENANT],
  );
  await client.query(
    `insert into public.dead_letters (tenant_id, topic, payload, reason, detail, fingerprint, received_at)
     select t.id, 'tenants/acme/devices/' || device || '/telemetry', convert_to(payload, 'UTF8'), reason, detail, detail, now() - ago
     from public.tenants as t cross join (values
       ('boiler-3', '{"temperature":19.5}', 'unknown-device', 'there is no device "boiler-3"', interval '5 minutes'),
       ('boiler-1', 'temperature=21', 'not-json', 'Unexpected token at position 0', interval '2 hours'),
       ('boiler-2', '{"ts":"2031-01-01T00:00:00Z","temperature":20}', 'bad-timestamp', 'ahead of the clock', interval '9 hours')
     ) as letter (device, payload, reason, detail, ago) where t.slug = $1`,
    [DEMO_TENANT],
  );
  await client.query(
    `with rule as (
       insert into public.alert_rules (tenant_id, name, kind, field, comparison, threshold, window_minutes, severity)
       select id, 'Boiler too warm', 'threshold', 'temperature', 'above', 15, 5, 'warning' from public.tenants where slug = $1
       returning id, tenant_id
     )
     insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, resolved_at, value, message)
     select d.tenant_id, rule.id, d.id, now() - interval '7 hours', now() - interval '6 hours', now() - interval '6 hours',
       25.4, 'temperature was 25.4, above 15'
     from rule join public.devices as d on d.tenant_id = rule.tenant_id`,
    [DEMO_TENANT],
  );
  await client.query('select public.evaluate_alert_rules()');
}
