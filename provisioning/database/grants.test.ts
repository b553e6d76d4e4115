// What the platform's own roles may and may not do, logged in as that role. Every refusal has a twin that is allowed. Who
// may do what with which table, people included, is isolation.test.ts.
import { randomUUID } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { addDevice } from './registry.ts';
import { REFUSED, startTestDatabase, type TestDatabase, TODAY } from './testing/database.ts';

let database: TestDatabase;
let admin: Client;
let ingest: Client;
let sync: Client;
let tenantId: string;
let deviceId: string;

beforeAll(async () => {
  database = await startTestDatabase();
  admin = database.admin;
  ({ tenantId, deviceId } = await addDevice(admin, { tenant: 'acme', device: 'sensor-1', createTenant: true }));
  ingest = await database.open('mqtt_ingest');
  sync = await database.open('broker_sync');
});
afterAll(() => database.stop());

async function copy(client: Client, table: string, line: string): Promise<void> {
  const columns = '(tenant_id, device_id, ts, message_id, payload)';
  const stream = client.query(copyFrom(`copy ${table} ${columns} from stdin`));
  await pipeline([Buffer.from(line)], stream);
}

const reading = (messageId: string) =>
  `${tenantId}\t${deviceId}\t${new Date().toISOString()}\t${messageId}\t{"t": 1}\n`;

describe('mqtt_ingest', () => {
  it('copies and inserts telemetry, and skips what is there', async () => {
    await copy(ingest, 'public.telemetry', reading('copied'));
    const insert = `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
      values ($1, $2, '2026-11-21T10:00:00Z', 'inserted', '{}') on conflict do nothing`;
    expect((await ingest.query(insert, [tenantId, deviceId])).rowCount).toBe(1);
    expect((await ingest.query(insert, [tenantId, deviceId])).rowCount).toBe(0);
    expect((await admin.query('select from public.telemetry')).rowCount).toBe(2);
  });

  it('writes a dead letter once', async () => {
    const keep = `select ingest.keep_dead_letters(
      '{null}', '{null}', '{tenants/x}', '{"\\\\x00"}', '{null}', '{unknown tenant}', '{null}', '{null}',
      '{f1}', '{now}', '{null}', '{1}')`;
    await ingest.query(keep);
    await ingest.query(keep);
    expect((await admin.query("select from public.dead_letters where fingerprint = 'f1'")).rowCount).toBe(1);
  });

  it('looks devices up, keeps identities, and stages a batch', async () => {
    const { rows } = await ingest.query('select tenant_slug, device_slug, enabled from ingest.registered_devices');
    expect(rows).toEqual([{ tenant_slug: 'acme', device_slug: 'sensor-1', enabled: true }]);
    expect((await ingest.query('select topic, in_force from ingest.former_topics')).rows).toEqual([]);
    const identity = [tenantId, deviceId, randomUUID()];
    const insert = `insert into ingest.untimed (tenant_id, device_id, message_id, ts, session, packet_id, content_hash)
      values ($1, $2, $3, now(), 's', 1, 'h') on conflict do nothing returning ts`;
    expect((await ingest.query(insert, identity)).rowCount).toBe(1);
    expect((await ingest.query("select from ingest.untimed where session = 's' and packet_id = 1")).rowCount).toBe(1);
    await ingest.query("select ingest.prune('untimed', 1000)");
    await ingest.query('create temp table staged (ts timestamptz, payload jsonb)');
    await ingest.query('select ingest.ensure_telemetry_partitions()');
    await ingest.query("select ingest.acquire_lease('grants', 'me', '10 seconds')");
  });

  it.each([
    'select from public.telemetry',
    `select from ${TODAY}`,
    `insert into ${TODAY} (tenant_id, device_id, ts, message_id, payload) values (gen_random_uuid(), gen_random_uuid(), now(), 'x', '{}')`,
    "update public.telemetry set payload = '{}'",
    'delete from public.telemetry',
    'truncate public.telemetry',
    "insert into public.telemetry (tenant_id, device_id, ts, message_id, payload) values (gen_random_uuid(), gen_random_uuid(), now(), 'x', '{}') returning ts",
    'select from public.dead_letters',
    "insert into public.dead_letters (topic, payload, reason, fingerprint) values ('t', 'x', 'not-json', 'past the quota')",
    'delete from public.dead_letters',
    'select from public.tenants',
    "insert into public.tenants (slug, name) values ('mine', 'mine')",
    'select from public.devices',
    'select from public.device_credentials',
    'update ingest.untimed set ts = now()',
    'delete from ingest.untimed',
    'select from ingest.leases',
    "update ingest.leases set holder = 'me'",
    "select ingest.make_telemetry_partition('2000-01-01')",
    'select from broker.registry',
    'select from broker.service_accounts',
    'select from broker.former_topics',
    "update broker.former_topics set until = '2099-01-01'",
    'create table public.mine (id int)',
    'create table ingest.mine (id int)',
  ])('is refused: %s', async (sql) => {
    await expect(ingest.query(sql)).rejects.toMatchObject({ code: REFUSED });
  });

  it('cannot copy into another table', async () => {
    await expect(copy(ingest, TODAY, reading('x'))).rejects.toMatchObject({ code: REFUSED });
  });
});

describe('broker_sync', () => {
  it('reads the registry', async () => {
    const { rows } = await sync.query('select username, kind, former from broker.registry');
    expect(rows).toEqual([{ username: 'acme.sensor-1', kind: 'device', former: null }]);
  });

  it.each([
    'select from broker.service_accounts',
    "insert into broker.service_accounts (username, purpose, password_hash) values ('svc-x', 'ingest', 'x')",
    'select from public.devices',
    'select from public.device_credentials',
    'select from public.tenants',
    'select from public.telemetry',
    'select from ingest.registered_devices',
    'select from ingest.former_topics',
    'select from broker.former_topics',
    "update broker.former_topics set until = '2099-01-01'",
    "select ingest.acquire_lease('x', 'y', '1 second')",
    'create table broker.mine (id int)',
  ])('is refused: %s', async (sql) => {
    await expect(sync.query(sql)).rejects.toMatchObject({ code: REFUSED });
  });
});

describe.each(['anon', 'authenticated'])('%s', (role) => {
  it.each([
    `select from ${TODAY}`,
    "insert into public.tenants (slug, name) values ('mine', 'mine')",
    'delete from public.telemetry',
    'select from ingest.registered_devices',
    'select from ingest.untimed',
    "select ingest.acquire_lease('x', 'y', '1 second')",
    'select from broker.registry',
  ])('is refused: %s', async (sql) => {
    await expect(database.asApiRole(role, sql)).rejects.toMatchObject({ code: REFUSED });
  });
});

describe('service_role', () => {
  it('reads and edits the registry, reads telemetry, redrives dead letters', async () => {
    expect((await database.asApiRole('service_role', 'select from public.devices')).rowCount).toBe(1);
    expect((await database.asApiRole('service_role', 'select from public.telemetry')).rowCount).toBe(2);
    expect(
      (await database.asApiRole('service_role', 'update public.dead_letters set redriven_at = now()')).rowCount,
    ).toBe(1);
  });

  it.each([
    'delete from public.telemetry',
    'truncate public.telemetry',
    `select from ${TODAY}`,
    'select from broker.service_accounts',
    'select from broker.former_topics',
    'select from ingest.former_topics',
    'select from ingest.leases',
  ])('is refused: %s', async (sql) => {
    await expect(database.asApiRole('service_role', sql)).rejects.toMatchObject({ code: REFUSED });
  });
});

describe('a role that is subject to row-level security', () => {
  it('cannot COPY, which is why mqtt_ingest bypasses it', async () => {
    await admin.query('alter role mqtt_ingest nobypassrls');
    try {
      const client = await database.open('mqtt_ingest');
      await expect(copy(client, 'public.telemetry', reading('refused'))).rejects.toThrow(
        'COPY FROM not supported with row-level security',
      );
    } finally {
      await admin.query('alter role mqtt_ingest bypassrls');
    }
  });
});

describe('the registry tables', () => {
  it('store only hashes, one active key per device, of a device of that tenant', async () => {
    const insert = 'insert into public.device_credentials (tenant_id, device_id, password_hash) values ($1, $2, $3)';
    const hash = await hashKey(generateKey());
    await expect(admin.query(insert, [tenantId, deviceId, generateKey()])).rejects.toMatchObject({ code: '23514' });
    await expect(admin.query(insert, [tenantId, deviceId, hash])).rejects.toMatchObject({ code: '23505' });
    await admin.query('update public.device_credentials set revoked_at = now()');
    await expect(admin.query(insert, [randomUUID(), deviceId, hash])).rejects.toMatchObject({ code: '23503' });
    expect((await admin.query(insert, [tenantId, deviceId, hash])).rowCount).toBe(1);
  });
});
