// An old dashboard beside the old ingest, on a project whose owner is not a superuser, as on Supabase: tenants, profiles, devices, telemetry,
// alerts and alert_events with their keys, policies, triggers and realtime. What collides moves; the rest stays, and goes on working.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../../../bootstrap/root.mjs';
import type { RunningPostgres } from '../../../lab/postgres.ts';
import { startScratchPostgres } from '../../../lab/scratch-postgres.ts';
import { applyMigrations } from '../../../provisioning/database/apply.ts';
import { connect, withConnection } from '../../../provisioning/database/connect.ts';
import { addDevice } from '../../../provisioning/database/registry.ts';
import { moveAside, moveBack } from './aside.ts';
import { moveAndFollow } from './follow.ts';
import { chooseDestination } from './search-path.ts';
import { makeOldDatabase } from './testing/server.ts';

/** What Supabase's `postgres` is and has, as far as it matters here; its tables are granted to the API's roles automatically. */
const OWNER = `
  create role project_owner login password 'secret' createrole bypassrls;
  do $$ begin
    -- Before Postgres 16 only a superuser makes a role with BYPASSRLS (docs/database.md).
    if current_setting('server_version_num')::int < 160000 then
      create role mqtt_ingest nologin noinherit bypassrls;
      create role backup_reader nologin inherit bypassrls;
    end if;
  end $$;
  grant anon, authenticated, service_role, pg_read_all_data to project_owner with admin option;
  do $$ begin execute format('alter database %I owner to project_owner', current_database()); end $$;
  grant usage, create on schema auth to project_owner; grant all on auth.users to project_owner;
  alter default privileges for role project_owner in schema public grant all on tables to anon, authenticated, service_role;
  alter default privileges for role project_owner in schema public grant all on sequences to anon, authenticated, service_role;
  alter role project_owner set search_path = "$user", public, extensions`;

const OLD = `
  create table public.tenants (id uuid primary key default gen_random_uuid(), name text not null);
  create table public.profiles (id uuid primary key references auth.users on delete cascade, tenant_id uuid references public.tenants, email text);
  create table public.devices (id text primary key, tenant_id uuid not null references public.tenants on delete cascade, last_seen timestamptz);
  create table public.telemetry (id bigserial primary key, device_id text references public.devices, topic text, payload_text text,
    received_at timestamptz not null default now());
  create table public.alerts (id serial primary key, device_id text references public.devices, level text);
  create table public.alert_events (id serial primary key, alert_id int references public.alerts on delete cascade, at timestamptz default now());
  create view public.latest as select distinct on (device_id) * from public.telemetry order by device_id, id desc;
  create function public.my_tenant() returns uuid language sql stable security definer as 'select tenant_id from profiles where id = auth.uid()';
  alter table public.tenants enable row level security;
  alter table public.devices enable row level security;
  alter table public.telemetry enable row level security;
  create policy mine on public.tenants for select to authenticated using (id = public.my_tenant());
  create policy mine on public.devices for select to authenticated using (tenant_id = public.my_tenant());
  create policy mine on public.telemetry for select to authenticated
    using (device_id in (select id from public.devices where tenant_id = public.my_tenant()));
  create function public.handle_new_user() returns trigger language plpgsql security definer set search_path = public as $$
    begin
      insert into public.profiles (id, email, tenant_id) values (new.id, new.email, (select id from tenants order by name limit 1));
      return new;
    end $$;
  create trigger on_auth_user_created after insert on auth.users for each row execute function public.handle_new_user();
  create function public.note_seen() returns trigger language plpgsql as $$
    begin
      update devices set last_seen = now() where id = new.device_id;
      insert into public.alerts (device_id, level) select new.device_id, 'high' where new.payload_text = 'high';
      insert into alert_events (alert_id) select id from alerts where device_id = new.device_id;
      return new;
    end $$;
  create trigger note_seen after insert on public.telemetry for each row execute function public.note_seen();
  create publication supabase_realtime for table public.telemetry, public.alerts, public.profiles;
  insert into public.tenants (name) values ('acme'), ('other');
  insert into public.devices (id, tenant_id) select 'pump-1', id from public.tenants where name = 'acme';
  insert into public.devices (id, tenant_id) select 'hive', id from public.tenants where name = 'other'`;

let postgres: RunningPostgres;
let owner: Client;
let url: string;
beforeAll(async () => {
  postgres = await startScratchPostgres({ migrate: false });
  const server = await makeOldDatabase(postgres, OWNER);
  const own = new URL(server);
  Object.assign(own, { username: 'project_owner', password: 'secret' });
  url = own.href;
  owner = await connect(url);
  await owner.query(OLD);
});
afterAll(async () => {
  await owner?.end();
  await postgres.stop();
});

const PERSON = '11111111-2222-4333-8444-555555555555';
/** As PostgREST does it: a transaction with the role, the claims, and the schemas that it was told to show. */
async function ask(sql: string, schema = 'public'): Promise<unknown[]> {
  await owner.query('begin');
  await owner.query(`select set_config('search_path', $1, true), set_config('request.jwt.claims', $2, true)`, [
    `"${schema}", "public", "extensions"`,
    JSON.stringify({ sub: PERSON, email: 'ann@acme.example' }),
  ]);
  await owner.query('set local role authenticated');
  try {
    return (await owner.query(sql)).rows;
  } finally {
    await owner.query('rollback');
  }
}
const publish = (text: string) =>
  owner.query(`insert into telemetry (device_id, topic, payload_text) values ('pump-1', 'devices/pump-1/t', $1)`, [
    text,
  ]);

it('moves what collides, and what refers to it follows or goes on working', async () => {
  await publish('1');
  await owner.query("insert into auth.users (id, email) values ($1, 'ann@acme.example')", [PERSON]);
  expect(await ask('select payload_text from telemetry')).toEqual([{ payload_text: '1' }]);
  const refused = await applyMigrations(url).catch((error: Error) => error.message);
  for (const table of ['tenants', 'devices', 'telemetry', 'alerts'])
    expect(refused).toContain(`table public.${table} (of project_owner)`);

  const destination = await chooseDestination(owner, 'project_owner');
  expect(destination).toEqual({ schema: 'project_owner', before: null });
  const { names } = await moveAside(owner, 'project_owner', destination);
  expect(names.sort()).toEqual(['public.alerts', 'public.devices', 'public.telemetry', 'public.tenants']);
  expect((await applyMigrations(url)).applied.length).toBeGreaterThan(20);

  // The ingest and its triggers, the sign-up trigger, keys from tables that stayed, views, realtime.
  await publish('high');
  await owner.query("insert into auth.users (email) values ('bob@acme.example')");
  expect((await owner.query('select count(tenant_id)::int as n from public.profiles')).rows).toEqual([{ n: 2 }]);
  expect((await owner.query('select count(*)::int as n from public.alert_events')).rows).toEqual([{ n: 1 }]);
  expect((await owner.query('select payload_text from public.latest')).rows).toEqual([{ payload_text: 'high' }]);
  const { rows } = await owner.query(
    "select schemaname || '.' || tablename as name from pg_publication_tables where pubname = 'supabase_realtime' order by 1",
  );
  expect(rows.map(({ name }) => name)).toEqual(['project_owner.alerts', 'project_owner.telemetry', 'public.profiles']);
});

it('refuses a role whose tables it could not bring back', async () => {
  await expect(moveAndFollow(owner, { role: 'old_ingest' })).rejects.toThrow(/grant old_ingest to project_owner/);
});

it('the old dashboard finds the platform’s tables at first, and its own when it names the schema', async () => {
  expect(await ask('select * from tenants')).toEqual([]);
  await expect(ask('select payload_text from telemetry')).rejects.toThrow(/column "payload_text" does not exist/);
  expect(await ask('select email from profiles')).toHaveLength(2);
  // With the schema among those that the API shows, and `db: { schema: 'project_owner' }` in the dashboard's client.
  expect(await ask('select name from tenants', 'project_owner')).toEqual([{ name: 'acme' }]);
  expect(await ask('select payload_text from telemetry order by id', 'project_owner')).toEqual([
    { payload_text: '1' },
    { payload_text: 'high' },
  ]);
  expect(await ask('select id from devices', 'project_owner')).toEqual([{ id: 'pump-1' }]);
  await expect(ask('create table mine (a int)', 'project_owner')).rejects.toThrow(/permission denied for schema/);
});

it('readings are taken over as docs/adoption.md has it, each once', async () => {
  await addDevice(owner, { tenant: 'acme', device: 'pump-1', createTenant: true });
  const page = readFileSync(join(ROOT, 'docs/adoption.md'), 'utf8');
  const history =
    /( {4}insert into public\.telemetry[\s\S]*?;)/
      .exec(page)?.[1]
      ?.replace('postgres.telemetry', 'project_owner.telemetry') ?? '';
  await owner.query(`update telemetry set payload_text = '{"t":1}'`);
  for (const taken of [2, 0]) expect((await owner.query(history)).rowCount).toBe(taken);
  expect((await owner.query('select payload from public.telemetry')).rows).toEqual([
    { payload: { t: 1 } },
    { payload: { t: 1 } },
  ]);
});

it('and everything comes back', async () => {
  await moveBack(owner);
  await publish('3');
  expect(await ask('select payload_text from telemetry order by id')).toHaveLength(3);
  expect(await ask('select name from tenants')).toEqual([{ name: 'acme' }]);
  await withConnection(url, (client) => client.query('create table later (a int)'));
  expect(await ask('select * from later')).toEqual([]);
});
