// Alert evaluation on the Function App's timer.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateKey } from '../../domain/credentials.ts';
import { type RunningPostgres, roleUrl } from '../../lab/postgres.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { evaluateAlertsOnTimer } from './on-timer.ts';

let postgres: RunningPostgres;
let database: Record<string, string>;
beforeAll(async () => {
  postgres = await startScratchPostgres();
  const key = generateKey();
  await withConnection(postgres.url, (client) => setLogin(client, 'mqtt_ingest', key));
  database = { EXTERNAL_DATABASE_CONNECTION_STRING: roleUrl(postgres.url, 'mqtt_ingest', key) };
});
afterAll(() => postgres.stop());

/** A tenant whose only device has been silent for longer than its rule allows. */
async function silentDevice(tenant: string): Promise<void> {
  await withConnection(postgres.url, async (client) => {
    await client.query('insert into public.tenants (slug, name) values ($1, $1)', [tenant]);
    await client.query(
      `insert into public.devices (tenant_id, slug, name, created_at)
       select id, 'pump', 'Pump', now() - interval '1 day' from public.tenants where slug = $1`,
      [tenant],
    );
    await client.query(
      `insert into public.alert_rules (tenant_id, name, kind, device_id, window_minutes, severity)
       select d.tenant_id, 'silent', 'missing', d.id, 5, 'critical'
       from public.devices as d join public.tenants as t on t.id = d.tenant_id where t.slug = $1`,
      [tenant],
    );
  });
}

test('a broker that is set up wrongly does not silence the alert that reports it', async () => {
  await silentDevice('acme');
  const lines: string[] = [];
  const keep = (line: string) => lines.push(line);
  const broken = { MQTT_BROKER_URL: 'not a URL', MQTT_BROKER_CA: '/no/such.pem', INGEST_BATCH_CAP: 'none' };
  await evaluateAlertsOnTimer({ info: keep, warn: keep, error: keep }, { ...database, ...broken });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ service: 'evaluate_alerts', changed: 1 }]);
  await withConnection(postgres.url, async (client) => {
    const { rowCount } = await client.query('select from public.alerts where resolved_at is null');
    expect(rowCount).toBe(1);
  });
});

test('the database is all it needs, and what is missing is said', async () => {
  const context = { info: () => {}, warn: () => {}, error: () => {} };
  await expect(evaluateAlertsOnTimer(context, {})).rejects.toThrow(
    /^1 setting\(s\) to correct:\n {2}EXTERNAL_DATABASE_CONNECTION_STRING is missing/,
  );
});
