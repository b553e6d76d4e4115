// The schema obeys its rules, and each rule notices when it is broken.
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningPostgres } from '../../local/postgres.ts';
import { startScratchPostgres } from '../../local/scratch-postgres.ts';
import { connect } from './connect.ts';
import { lintDatabase } from './lint.ts';

let postgres: RunningPostgres;
let client: Client;

beforeAll(async () => {
  postgres = await startScratchPostgres();
  client = await connect(postgres.url);
});
afterAll(async () => {
  await client.end();
  await postgres.stop();
});

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

describe('lintDatabase', () => {
  it('finds nothing wrong with the migrations', async () => {
    expect(await lintDatabase(client)).toEqual([]);
  });

  const anyTable = `create table public.careless (id int)`;
  const today = `telemetry_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`;

  it.each([
    ['a new table without RLS', anyTable, 'careless'],
    ['RLS enabled but not forced', `${anyTable}; alter table public.careless enable row level security`, 'careless'],
    ['a partition without forced RLS', `alter table ingest.${today} no force row level security`, `ingest.${today}`],
    [
      'the default partition without RLS',
      'alter table ingest.telemetry_default disable row level security',
      'ingest.telemetry_default',
    ],
  ])('notices %s', async (_, sql, object) => {
    expect(await findAfter(sql)).toEqual([{ rule: 'row-level security is enabled and forced', object }]);
  });

  it.each([
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
    [
      'grant usage on schema ingest to authenticated',
      'API roles cannot enter the private schemas',
      'ingest authenticated',
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
      'create function ingest.loose() returns int language sql return 1; revoke all on function ingest.loose() from public',
      'a function has a fixed, empty search_path',
      'ingest.loose()',
    ],
    [
      'grant execute on function ingest.ensure_telemetry_partitions(int) to public',
      'a function is not executable by everyone',
      'ingest.ensure_telemetry_partitions(integer)',
    ],
    [
      'alter role broker_sync bypassrls',
      'roles that log in for one job are no superusers and make nothing',
      'broker_sync',
    ],
  ])('notices: %s', async (sql, rule, object) => {
    expect(await findAfter(sql)).toEqual([{ rule, object }]);
  });

  it('a function made by a later migration is not executable by everyone unless it says so', async () => {
    const sql = "create function public.later() returns int language sql set search_path = '' return 1";
    expect(await findAfter(sql)).toEqual([]);
  });
});
