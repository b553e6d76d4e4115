// Limits, quota and ledger: who may touch them, and what their functions do by themselves.
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDevice, removeTenant } from './registry.ts';
import { REFUSED, startTestDatabase, type TestDatabase } from './testing/database.ts';

let database: TestDatabase;
let admin: Client;
let ingest: Client;
let tenantId: string;

beforeAll(async () => {
  database = await startTestDatabase();
  admin = database.admin;
  ({ tenantId } = await addDevice(admin, { tenant: 'acme', device: 'sensor-1', createTenant: true }));
  ingest = await database.open('mqtt_ingest');
});
afterAll(() => database.stop());

const add = (minute: string, numbers: number[], on = ingest) =>
  on.query(
    'select ingest.add_to_ledger($1, array[$2::uuid], array[$3::int8], array[$4::int8], array[$5::int8], array[$6::int8], array[$7::int8])',
    [minute, tenantId, ...numbers],
  );

describe('mqtt_ingest', () => {
  it('adds to the ledger, and asks and spends quota', async () => {
    await add('2026-11-21T12:00:59.9Z', [3, 1, 1, 1, 0]);
    await add('2026-11-21T12:00:00Z', [2, 0, 0, 0, 2]);
    const { rows } = await admin.query('select minute, received::int, over_quota::int from public.ingest_ledger');
    expect(rows).toEqual([{ minute: new Date('2026-11-21T12:00:00Z'), received: 5, over_quota: 2 }]);
    const ask = () => ingest.query('select * from ingest.quota_left(array[$1::uuid])', [tenantId]);
    expect((await ask()).rows).toEqual([]);
    await admin.query('insert into public.tenant_limits (tenant_id, readings_per_day) values ($1, 5)', [tenantId]);
    expect((await ask()).rows).toEqual([{ tenant_id: tenantId, readings: '5', bytes: null }]);
    await ingest.query('select ingest.spend_quota(array[$1::uuid], array[4::int8])', [tenantId]);
    expect((await ask()).rows).toEqual([{ tenant_id: tenantId, readings: '1', bytes: null }]);
    await admin.query('delete from public.tenant_limits');
    await ingest.query("select ingest.prune_ledger('30 days')");
  });

  it.each([
    'select from public.ingest_ledger',
    'insert into public.ingest_ledger values (gen_random_uuid(), now(), 0, 0, 0, 0, 0)',
    'update public.ingest_ledger set received = 0',
    'delete from public.ingest_ledger',
    'select from public.ingest_residuals',
    'select from public.tenant_limits',
    'update public.tenant_limits set readings_per_day = null',
    'select from ingest.quota_use',
    'update ingest.quota_use set stored = 0',
    'delete from ingest.untimed',
    'select ingest.forget_tenant()',
  ])('is refused: %s', async (sql) => {
    await expect(ingest.query(sql)).rejects.toMatchObject({ code: REFUSED });
  });
});

describe('service_role', () => {
  it('reads the ledger and its view, and sets limits', async () => {
    expect((await database.asApiRole('service_role', 'select from public.ingest_ledger')).rowCount).toBe(1);
    expect((await database.asApiRole('service_role', 'select from public.ingest_residuals')).rowCount).toBe(0);
    const limit = `insert into public.tenant_limits (tenant_id, readings_per_day) values ('${tenantId}', 1)`;
    expect((await database.asApiRole('service_role', limit)).rowCount).toBe(1);
  });

  it.each(['update public.ingest_ledger set received = 0', 'select from ingest.quota_use'])(
    'is refused: %s',
    async (sql) => {
      await expect(database.asApiRole('service_role', sql)).rejects.toMatchObject({ code: REFUSED });
    },
  );
});

describe('the functions', () => {
  it('a minute that does not add up is a residual', async () => {
    await add('2026-11-21T13:00:00Z', [5, 1, 1, 1, 1]);
    const { rows } = await admin.query('select residual::int from public.ingest_residuals');
    expect(rows).toEqual([{ residual: 1 }]);
  });

  it('pruning takes what is older, and no less than a day', async () => {
    await admin.query('delete from public.ingest_ledger');
    for (const age of ['31 days', '29 days']) {
      await add((await admin.query('select now() - $1::interval as at', [age])).rows[0].at, [1, 1, 0, 0, 0]);
    }
    expect((await ingest.query("select ingest.prune_ledger('30 days') as n")).rows).toEqual([{ n: '1' }]);
    for (const age of ["'1 hour'", 'null']) {
      await expect(ingest.query(`select ingest.prune_ledger(${age})`)).rejects.toMatchObject({ code: '22023' });
    }
  });

  it('a removed tenant takes its ledger, limits and quota along', async () => {
    await admin.query('insert into public.tenant_limits (tenant_id, readings_per_day) values ($1, 5)', [tenantId]);
    await ingest.query('select ingest.quota_left(array[$1::uuid])', [tenantId]);
    await removeTenant(admin, 'acme');
    for (const table of ['public.ingest_ledger', 'public.tenant_limits', 'ingest.quota_use']) {
      expect((await admin.query(`select from ${table}`)).rowCount).toBe(0);
    }
  });
});
