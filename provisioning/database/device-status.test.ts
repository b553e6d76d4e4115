// The status of devices and the progress of rules in a database that was used before they were there.
import { expect, it } from 'vitest';
import { postgresOfFile } from '../../tests/support/postgres-of-file.ts';
import { applyMigrations } from './apply.ts';
import { withConnection } from './connect.ts';
import { readMigrations } from './migrations.ts';
import { makeDatabase } from './testing/database.ts';

const postgres = postgresOfFile({ migrate: false });

it('devices keep what they sent, rules and their open alerts go on, and a rule that is off has none', async () => {
  const url = await makeDatabase(postgres().url);
  const all = await readMigrations();
  await applyMigrations(url, { migrations: all.filter(({ version }) => version < '20261130050100') });
  await withConnection(url, async (client) => {
    const {
      rows: [{ tenant, device }],
    } = await client.query(
      `with tenant as (insert into public.tenants (slug, name) values ('acme', 'Acme') returning id),
         added as (insert into public.devices (tenant_id, slug, name, created_at)
           select id, unnest('{boiler,mute}'::text[]), 'D', now() - interval '1 day' from tenant returning id, tenant_id, slug)
       select tenant_id as tenant, id as device from added where slug = 'boiler'`,
    );
    await client.query(
      `insert into public.telemetry (tenant_id, device_id, ts, received_at, message_id, payload) values
         ($1, $2, now() - interval '2 minutes', now() - interval '2 minutes', 'old', '{"t": 91, "u": 1}'),
         ($1, $2, now() - interval '1 minute', now() - interval '1 minute', 'new', '{"t": 95, "text": "a\\u2603"}'),
         ($1, $2, now() + interval '23 hours', now() - interval '3 minutes', 'ahead', '{"t": 1}')`,
      [tenant, device],
    );
    await client.query(
      `insert into public.alert_rules (tenant_id, name, kind, field, comparison, threshold, enabled) values
         ($1, 'on', 'threshold', 't', 'above', 90, true), ($1, 'off', 'threshold', 't', 'above', 90, false)`,
      [tenant],
    );
    await client.query(
      `insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, message)
       select $1, id, $2, now() - interval '2 minutes', now() - interval '2 minutes', 'hot' from public.alert_rules`,
      [tenant, device],
    );
    await applyMigrations(url);
    const status = await client.query(
      `select extract(epoch from now() - last_received_at)::int / 60 as minutes, fields -> 't' -> 0 as t,
         fields -> 'text' -> 0 as text from public.device_status`,
    );
    expect(status.rows).toEqual([{ minutes: 1, t: 95, text: 'a☃' }]);
    // The next message finds a status that ingest has not made.
    const note = () =>
      client.query(
        `select ingest.note_devices(array[$1::uuid], array[$2::uuid], array[now()], '{null}'::real[], '{0}'::real[], array[now()],
           array['{"t": [96, 0, 0]}'::jsonb], array['{[2026-01-01,2026-01-02)}'::tstzmultirange])`,
        [tenant, device],
      );
    for (let n = 0; n < 3; n++) await note();
    const alerts = async () =>
      (
        await client.query(
          `select r.name, a.resolved_at is not null as resolved, a.last_seen_at > now() - interval '1 minute' as refreshed
           from public.alerts as a join public.alert_rules as r on r.id = a.rule_id order by 1 desc`,
        )
      ).rows;
    const off = { name: 'off', resolved: true, refreshed: false };
    expect(await alerts()).toEqual([{ name: 'on', resolved: false, refreshed: false }, off]);
    expect((await client.query('select public.evaluate_alert_rules() as changed')).rows).toEqual([{ changed: 0 }]);
    expect(await alerts()).toEqual([{ name: 'on', resolved: false, refreshed: true }, off]);
  });
});
