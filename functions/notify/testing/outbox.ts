// The outbox in a database of its own: what opens alerts, takes what they are told with and brings it back, for the tests of the SQL.
import type { QueryResult } from 'pg';
import { startTestDatabase, type TestDatabase } from '../../../provisioning/database/testing/database.ts';
import { makeWorld, SAMPLE_KEY_ID, type World } from '../../../provisioning/database/testing/world.ts';

/** Secrets of a channel that look sealed. */
export const SEALED = `${SAMPLE_KEY_ID}.${'A'.repeat(200)}`;

/** The database of a test file, with one tenant's channel. */
export interface Outbox {
  server: TestDatabase;
  world: World;
  admin: TestDatabase['admin']['query'];
  tenant: string;
  /** The channel of this test; routes lead to it. */
  channel: string;
  /** Begins a transaction that the next test undoes: now() stands still in it. */
  begin(): Promise<void>;
  addChannel(host: string, of?: string): Promise<string>;
  addRoute(values?: Record<string, unknown>): Promise<void>;
  /** Opens an alert and returns its id. */
  open(device?: string): Promise<string>;
  resolve(alert: string): Promise<unknown>;
  acknowledge(alert: string): Promise<unknown>;
  /** What stands in the outbox: transition, number, state, and minutes until it is due. */
  lines(): Promise<string[]>;
  claim(most?: number, mostTenant?: number): Promise<QueryResult['rows']>;
  /** False when the lease is not in force any more. */
  finish(item: { id: string; lease: string }, problem?: string | null, final?: boolean): Promise<boolean>;
  passTime(interval: string): Promise<unknown>;
}

/** Takes two seconds: start one a test file. */
export async function startOutbox(): Promise<Outbox> {
  const server = await startTestDatabase();
  const world = await makeWorld(server.admin);
  const admin = server.admin.query.bind(server.admin) as Outbox['admin'];
  const { id: tenant, rule, device: sensor } = world.a;
  const outbox: Outbox = {
    server,
    world,
    admin,
    tenant,
    channel: '',
    begin: async () => {
      await admin('rollback');
      await admin('begin');
      await admin('delete from public.notification_channels');
      await admin("delete from public.alerts; update public.alert_rules set severity = 'warning', enabled = true");
      outbox.channel = await outbox.addChannel('hooks.example.com');
    },
    addChannel: async (host, of = tenant) => {
      const { rows } = await admin(
        `with c as (insert into public.notification_channels (tenant_id, name, kind, destination, confirmed_at)
           values ($1, $2, 'webhook', $2, now()) returning id, tenant_id)
         insert into ingest.channel_states (tenant_id, channel_id, sealed) select tenant_id, id, $3 from c returning channel_id`,
        [of, host, SEALED],
      );
      return rows[0].channel_id;
    },
    addRoute: async (values = {}) => {
      const row = {
        tenant_id: tenant,
        channel_id: outbox.channel,
        severities: ['info', 'warning', 'critical'],
        ...values,
      };
      const columns = Object.keys(row);
      await admin(
        `insert into public.notification_routes (${columns.join(', ')}) values (${columns.map((_, n) => `$${n + 1}`).join(', ')})`,
        Object.values(row),
      );
    },
    open: async (device = sensor) => {
      const { rows } = await admin(
        `insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, value, message)
         values ($1, $2, $3, now(), now(), 5, 't was 5') returning id`,
        [tenant, rule, device],
      );
      return rows[0].id;
    },
    resolve: (alert) => admin('update public.alerts set resolved_at = now() where id = $1', [alert]),
    acknowledge: (alert) => admin('update public.alerts set acknowledged_at = now() where id = $1', [alert]),
    lines: async () => {
      const { rows } = await admin(
        `select transition || ' ' || n || ' ' || state || ' ' || round(extract(epoch from due_at - now()) / 60) as line
         from public.notifications order by created_at, due_at, transition`,
      );
      return rows.map(({ line }) => line);
    },
    claim: async (most = 10, mostTenant = 10) =>
      (await admin('select * from ingest.claim_notifications($1, $2, 30)', [most, mostTenant])).rows,
    finish: async (item, problem = null, final = false) => {
      const values = [item.id, item.lease, problem, final];
      return (await admin('select ingest.finish_notification($1, $2, $3, $4) as done', values)).rows[0].done;
    },
    passTime: (interval) =>
      admin(
        `update public.notifications set due_at = due_at - $1::interval, created_at = created_at - $1::interval,
           leased_until = leased_until - $1::interval, expires_at = expires_at - $1::interval`,
        [interval],
      ),
  };
  return outbox;
}
