// The list of names that the migrations take is what they make, and a database that has one of them is left as it was.
import type { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postgresOfFile } from '../../tests/support/postgres-of-file.ts';
import { applyMigrations } from './apply.ts';
import { connect } from './connect.ts';
import { readMigrations } from './migrations.ts';
import { listObjects } from './objects.ts';
import { makeDatabase } from './testing/database.ts';

const postgres = postgresOfFile({ migrate: false });
let client: Client;
let url: string;
beforeEach(async () => {
  url = await makeDatabase(postgres().url);
  client = await connect(url);
  await client.query("set search_path = ''");
});
afterEach(() => client.end());

const keys = async () => new Set((await listObjects(client)).map(({ key }) => key));

it('objects.json has what each migration makes', async () => {
  await applyMigrations(url, { migrations: [] });
  const migrations = await readMigrations();
  const made: Record<string, string[]> = {};
  let before = await keys();
  for (const [index, { version }] of migrations.entries()) {
    await applyMigrations(url, { migrations: migrations.slice(0, index + 1) });
    const after = await keys();
    made[version] = [...after].filter((key) => !before.has(key));
    before = after;
  }
  // What lies in a schema of the platform's own cannot be in the way where the schema is not.
  const schemas = Object.values(made)
    .flat()
    .filter((key) => key.startsWith('schema '))
    .map((key) => key.slice('schema '.length));
  const isInside = (key: string) => schemas.some((schema) => key.split(' ')[1]?.startsWith(`${schema}.`));
  const outside = Object.entries(made).map(([version, names]) => [version, names.filter((key) => !isInside(key))]);
  const text = `${JSON.stringify(Object.fromEntries(outside), null, 2)}\n`;
  // `npx vitest run provisioning/database/objects.test.ts --update` writes it again.
  await expect(text).toMatchFileSnapshot('objects.json');
});

describe('a name that is taken', () => {
  it.each([
    ['table public.tenants', 'create table public.tenants (id bigserial primary key)'],
    // Of a late migration.
    ['table public.alerts', 'create table public.alerts (id int)'],
    ['view public.devices', 'create view public.devices as select 1 as id'],
    ['materialized view public.telemetry', 'create materialized view public.telemetry as select 1 as id'],
    ['type public.alerts', "create type public.alerts as enum ('high')"],
    ['type public.devices', 'create type public.devices as (a int)'],
    ['type public.audit_log', 'create domain public.audit_log as text'],
    ['function public.my_tenants()', 'create function public.my_tenants() returns int language sql return 1'],
    ['schema ingest', 'create schema ingest'],
    ['index public.telemetry_pkey', 'create table public.x (a int); create index telemetry_pkey on public.x (a)'],
    ['index public.tenants_slug_key', 'create table public.x (a int constraint tenants_slug_key unique)'],
    ['sequence public.dead_letters_id_seq', 'create sequence public.dead_letters_id_seq'],
  ])('%s: nothing is begun, and it is named', async (named, sql) => {
    await client.query(sql);
    const before = await keys();
    const error = await applyMigrations(url).catch((cause: Error) => cause);
    expect(String(error)).toContain(named);
    expect(String(error)).toContain('npm run ops -- adopt table-aside');
    expect(await keys()).toEqual(before);
  });

  it('is not an error if the function has other arguments', async () => {
    await client.query('create function public.my_tenants(a int) returns int language sql return 1');
    await expect(applyMigrations(url)).resolves.toBeDefined();
  });
});
