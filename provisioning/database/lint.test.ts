// The schema obeys its rules, and each rule notices when it is broken.
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lintDatabase, RULES } from './lint.ts';
import { startTestDatabase, type TestDatabase, TODAY } from './testing/database.ts';

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await startTestDatabase();
  client = database.admin;
});
afterAll(() => database.stop());

/** What the lint finds after a change, which is then undone. */
async function findAfter(sql: string) {
  await client.query('begin');
  try {
    await client.query(sql);
    return await lintDatabase(client);
  } finally {
    await client.query('rollback');
  }
}

const anyTable = 'create table public.careless (id int)';
const asDefiner = "language sql security definer set search_path = ''";
const policy = (rule: string) => `create policy careless on public.devices for select to authenticated using (${rule})`;

/** What breaks a rule, which, and what is found. */
const BREAKS: [sql: string, rule: string, object: string][] = [
  [anyTable, 'row-level security is enabled and forced', 'careless'],
  [
    `${anyTable}; alter table public.careless enable row level security`,
    'row-level security is enabled and forced',
    'careless',
  ],
  [`alter table ${TODAY} no force row level security`, 'row-level security is enabled and forced', TODAY],
  ['alter table ingest.leases disable row level security', 'row-level security is enabled and forced', 'ingest.leases'],
  [
    'grant truncate on public.telemetry to service_role',
    'API roles never have TRUNCATE, REFERENCES or TRIGGER',
    'telemetry service_role TRUNCATE',
  ],
  [
    'grant select on public.devices to anon',
    'a table granted to an API role has a policy for that role',
    'devices anon',
  ],
  ['grant select (slug) on public.devices to anon', 'anon has nothing', 'devices'],
  ['grant execute on function public.my_tenants() to anon', 'anon has nothing', 'my_tenants()'],
  [
    policy('tenant_id = any (access.my_tenants())'),
    'a policy calls functions in init-plans only: (select f()), not f() for every row',
    'devices.careless',
  ],
  [
    policy('id = auth.uid()'),
    'a policy calls functions in init-plans only: (select f()), not f() for every row',
    'devices.careless',
  ],
  [
    policy('tenant_id in (select m.tenant_id from public.memberships as m)'),
    'a policy asks for no sub-query a row, but = any ((select access...()))',
    'devices.careless',
  ],
  [
    policy('name = any ((select access.my_tenants())::text[])'),
    'a policy for people is about a column that an index begins with',
    'devices.careless',
  ],
  ['create policy careless on public.devices for select using (true)', 'a policy names its roles', 'devices.careless'],
  [
    'create policy careless on public.devices as restrictive for select to authenticated using (true)',
    'a policy is permissive: one that narrows others hides who may what',
    'devices.careless',
  ],
  [
    'drop index public.alerts_rule',
    'a foreign key has an index that begins with its columns',
    'alerts.alerts_tenant_id_rule_id_fkey',
  ],
  [
    'create table public.careless (tenant_id uuid)',
    'a row that belongs to a tenant refers to it, or goes with it by a trigger',
    'careless',
  ],
  // It keeps the key to its person.
  [
    'alter table public.memberships drop constraint memberships_tenant_id_fkey',
    'a row that belongs to a tenant refers to it, or goes with it by a trigger',
    'memberships',
  ],
  [
    'alter table public.alerts add constraint careless foreign key (device_id) references public.devices (id)',
    "a foreign key to a tenant's row carries the tenant: no row refers to another tenant's",
    'alerts.careless',
  ],
  [
    'grant update (name) on public.devices to authenticated',
    'people change only alert rules themselves; the rest goes through functions',
    'devices UPDATE',
  ],
  [
    'grant usage on sequence public.dead_letters_id_seq to authenticated',
    'API roles have no sequence',
    'dead_letters_id_seq authenticated',
  ],
  [
    'grant select (password_hash) on public.device_credentials to authenticated',
    'a secret column is granted to neither anon nor authenticated',
    'device_credentials.password_hash authenticated',
  ],
  [
    'grant usage on schema ingest to authenticated',
    'API roles cannot enter the private schemas, except people the one that policies ask',
    'ingest authenticated',
  ],
  [
    'grant create on schema access to authenticated',
    'API roles cannot enter the private schemas, except people the one that policies ask',
    'access authenticated',
  ],
  [
    'grant select on broker.registry to service_role',
    'API roles have nothing on tables and views of private schemas',
    'broker.registry service_role',
  ],
  [
    'create view public.leak as select * from public.devices',
    'a view in public reads with the rights of who asks (security_invoker)',
    'leak',
  ],
  [
    "create function ingest.loose() returns int language sql as 'select 1'",
    'a function has a fixed, empty search_path, or a body whose names were resolved when it was made',
    'ingest.loose()',
  ],
  [
    'create function ingest.loose() returns int language sql security definer return 1',
    'a function has a fixed, empty search_path, or a body whose names were resolved when it was made',
    'ingest.loose()',
  ],
  [
    'grant execute on function ingest.ensure_telemetry_partitions(int) to public',
    'a function is not executable by everyone',
    'ingest.ensure_telemetry_partitions(integer)',
  ],
  [
    `create function public.loose() returns bigint ${asDefiner} as 'select count(*) from public.devices';
     grant execute on function public.loose() to authenticated`,
    "a function that people may call and that runs with its owner's rights asks who they are",
    'loose()',
  ],
  [
    'alter role broker_sync bypassrls',
    'roles that log in for one job are not superusers and create nothing',
    'broker_sync',
  ],
  [
    `create role reader_${'0'.repeat(32)} bypassrls`,
    'roles that log in for one job are not superusers and create nothing',
    `reader_${'0'.repeat(32)}`,
  ],
];

describe('lintDatabase', () => {
  it('finds nothing wrong with the migrations', async () => {
    expect(await lintDatabase(client)).toEqual([]);
  });

  it.each(BREAKS)('notices: %s', async (sql, rule, object) => {
    expect(await findAfter(sql)).toContainEqual({ rule, object });
  });

  it('has a break for each of its rules', () => {
    expect(Object.keys(RULES).filter((rule) => !BREAKS.some(([, broken]) => broken === rule))).toEqual([]);
  });

  it('a function made by a later migration is not executable by everyone unless it says so', async () => {
    const sql = "create function public.later() returns int language sql set search_path = '' return 1";
    expect(await findAfter(sql)).toEqual([]);
  });
});
