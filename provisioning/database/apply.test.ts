// Migrations on real servers: bare, Supabase-like, already migrated, edited, and by two programs at once.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunningPostgres } from '../../lab/postgres.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { postgresOfFile } from '../../tests/support/postgres-of-file.ts';
import { applyMigrations } from './apply.ts';
import { withConnection } from './connect.ts';
import { lintDatabase } from './lint.ts';
import { type Migration, readMigrations } from './migrations.ts';
import { makeDatabase } from './testing/database.ts';

const postgres = postgresOfFile({ migrate: false });
let url: string;
beforeEach(async () => {
  url = await makeDatabase(postgres().url);
});

const migration = (version: string, sql: string): Migration => ({ version, name: 'x', file: `${version}_x.sql`, sql });
const first = migration('20260101000000', 'create table public.one (id int);');
const second = migration('20260102000000', 'create table public.two (id int);');

async function history(): Promise<string[]> {
  const sql = 'select version from supabase_migrations.schema_migrations order by version';
  return withConnection(url, async (client) => (await client.query(sql)).rows.map(({ version }) => version));
}

describe('applyMigrations', () => {
  it('applies all files to a bare database, and nothing the second time', async () => {
    const versions = (await readMigrations()).map(({ version }) => version);
    expect(await applyMigrations(url)).toEqual({ applied: versions });
    expect(await applyMigrations(url)).toEqual({ applied: [] });
    expect(await history()).toEqual(versions);
  });

  it('lets two programs apply at the same time: each file once', async () => {
    const results = await Promise.all([applyMigrations(url), applyMigrations(url)]);
    const versions = (await readMigrations()).map(({ version }) => version);
    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(versions);
  });

  it('keeps what came before a failing file, nothing of it, and says where it failed', async () => {
    const bad = migration(
      '20260102000000',
      'create table public.two (id int);\n\nselect no_such_column from public.one;',
    );
    await expect(applyMigrations(url, { migrations: [first, bad] })).rejects.toThrow(
      '20260102000000_x.sql:3: column "no_such_column" does not exist (42703). Nothing of this file was applied.',
    );
    expect(await history()).toEqual([first.version]);
    expect(await applyMigrations(url, { migrations: [first, second] })).toEqual({ applied: [second.version] });
  });

  it.each(['commit', 'end', 'end transaction'])(
    'begins no file that would end its own transaction: %s',
    async (end) => {
      const half = migration('20260102000000', `create table public.two (id int); ${end};\nselect no_such_column;`);
      await expect(applyMigrations(url, { migrations: [first, half] })).rejects.toThrow(/has the statement "\w+"/);
      const { rows } = await withConnection(url, (client) => client.query("select to_regclass('public.two') as two"));
      expect(rows).toEqual([{ two: null }]);
    },
  );

  it("takes every name literally, whatever the role's search_path is", async () => {
    await withConnection(url, (client) => client.query('create schema postgres'));
    const bare = migration('20260103000000', 'create table three (id int);');
    await expect(applyMigrations(url, { migrations: [bare] })).rejects.toThrow(/no schema has been selected/);
  });

  it('refuses an edited file, a file older than the newest applied, and a database newer than the checkout', async () => {
    await applyMigrations(url, { migrations: [first, second] });
    const edited = { ...first, sql: 'create table public.one (id bigint);' };
    await expect(applyMigrations(url, { migrations: [edited, second] })).rejects.toThrow(
      /20260101000000_x.sql was edited after it was applied/,
    );
    const between = migration('20260101120000', 'select 1;');
    await expect(applyMigrations(url, { migrations: [first, between, second] })).rejects.toThrow(
      /20260101120000_x.sql is older than 20260102000000/,
    );
    await expect(applyMigrations(url, { migrations: [first] })).rejects.toThrow(
      /this checkout is older than the database/,
    );
  });

  it('takes over from the Supabase CLI, which records statement by statement', async () => {
    const file = migration(
      '20260101000000',
      '-- Why.\ncreate table public.one (id int);\n\ncreate table public.two (id int);\n',
    );
    await applyMigrations(url, { migrations: [] });
    await withConnection(url, (client) =>
      client.query(
        'insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)',
        [file.version, file.name, ['-- Why.\ncreate table public.one (id int)', 'create table public.two (id int)']],
      ),
    );
    expect(await applyMigrations(url, { migrations: [file] })).toEqual({ applied: [] });
  });

  it('never shows the password', async () => {
    const wrong = new URL(postgres().url);
    wrong.password = 'hunter2-hunter2';
    const error = await applyMigrations(wrong.href).catch((cause: Error) => cause);
    expect(String(error)).toContain('user or password is wrong');
    expect(String(error)).not.toContain('hunter2');
    wrong.port = '1';
    const refused = await applyMigrations(wrong.href).catch((cause: Error) => cause);
    expect(String(refused)).toContain('nothing listens there');
    expect(String(refused)).not.toContain('hunter2');
    await expect(applyMigrations('postgres://user:p@ss/word@host/db')).rejects.toThrow(
      /^the database URL must be of the form/,
    );
  });
});

describe('applyMigrations as a role that is not a superuser', () => {
  let supabase: RunningPostgres;
  // A server of its own: the platform's roles must not be there yet.
  beforeEach(async () => {
    supabase = await startScratchPostgres({ migrate: false });
  });
  afterEach(() => supabase.stop());

  /** A database as a Supabase project has it, owned by a role with these attributes; the URL of that role. */
  async function prepare(attributes: string): Promise<string> {
    await applyMigrations(supabase.url, { migrations: [] });
    await withConnection(supabase.url, (client) =>
      client.query(`
        create role owner login password 'a long enough password' ${attributes};
        grant anon, authenticated, service_role to owner;
        grant pg_read_all_data to owner with admin option;
        grant create on database postgres to owner;
        grant usage on schema auth to owner;
        grant all on auth.users to owner;
        alter schema public owner to owner;
        alter schema supabase_migrations owner to owner;
        alter table supabase_migrations.schema_migrations owner to owner;
        alter default privileges for role owner in schema public
          grant all on tables to anon, authenticated, service_role`),
    );
    const url = new URL(supabase.url);
    url.username = 'owner';
    url.password = 'a long enough password';
    return url.href;
  }

  it("works with what Supabase's postgres role has, and takes back Supabase's automatic grants", async (context) => {
    const url = await prepare('createrole bypassrls');
    const { rows: version } = await withConnection(supabase.url, (client) =>
      client.query("select current_setting('server_version_num')::int as number"),
    );
    // Before, only a superuser makes a role with BYPASSRLS; the next test has what is said then.
    if (version[0].number < 160_000) context.skip();
    const { applied } = await applyMigrations(url);
    expect(applied).toEqual((await readMigrations()).map(({ version }) => version));
    await withConnection(supabase.url, async (client) => {
      expect(await lintDatabase(client)).toEqual([]);
      const { rows } = await client.query("select rolbypassrls from pg_roles where rolname = 'mqtt_ingest'");
      expect(rows).toEqual([{ rolbypassrls: true }]);
    });
    await withConnection(url, async (client) => {
      await client.query('create table public.later (id int)');
      const { rows } = await client.query(
        "select relacl from pg_class where relname = 'later' and relacl::text ~ 'anon'",
      );
      expect(rows).toEqual([]);
    });
  });

  it.each([
    ['createrole', /role owner may not apply these migrations: it lacks BYPASSRLS .* Connect as "postgres"/],
    ['bypassrls', /role owner may not create the role mqtt_ingest .* run once as a superuser: CREATE ROLE mqtt_ingest/],
  ])('says what to do when it only has %s', async (attributes, message) => {
    await expect(applyMigrations(await prepare(attributes))).rejects.toThrow(message);
  });
});

describe('readMigrations', () => {
  it('has the Supabase CLI and this program see the same files', async () => {
    for (const { file } of await readMigrations()) expect(file).toMatch(/^[0-9]{14}_[a-z0-9_]+\.sql$/);
  });
});
