// What the old ingest must be like for its tables to be moved, and what happens when it is not: nothing, or everything is put back.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { afterEach, expect, it } from 'vitest';
import { ROOT } from '../../../bootstrap/root.mjs';
import { connect } from '../../../provisioning/database/connect.ts';
import { postgresOfFile } from '../../../tests/support/postgres-of-file.ts';
import { moveAside, moveBack } from './aside.ts';
import { moveAndFollow } from './follow.ts';
import { LEDGER_SCHEMA } from './ledger.ts';
import { staleConnections } from './search-path.ts';
import { readStatements } from './statements.ts';
import { describeDatabase } from './testing/describe.ts';
import { makeOldDatabase, roleUrl } from './testing/server.ts';

const SETUP = `
  grant create on schema public to old_ingest;
  create table public.telemetry (id bigserial primary key, payload_text text unique);
  grant select, insert on public.telemetry to old_ingest; grant usage on sequence public.telemetry_id_seq to old_ingest`;

const ROUNDS = 10;

const postgres = postgresOfFile({ migrate: false });
const clients: Client[] = [];
const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
  for (const client of clients.splice(0)) await client.end();
});
async function open(url: string): Promise<Client> {
  const client = await connect(url);
  clients.push(client);
  return client;
}

/** A database, its owner, and an old ingest that says these statements over and over, on one connection. */
async function start(setup: string, statements: string[], role = 'old_ingest') {
  const url = await makeOldDatabase(postgres(), setup);
  const admin = await open(url);
  let ingest = await open(roleUrl(url, role));
  let stopping = false;
  const failed: string[] = [];
  const inserted: number[] = [];
  const running = (async () => {
    for (let n = 1; !stopping; n++) {
      try {
        for (const statement of statements) await ingest.query(statement.replace('$n', String(n)));
        inserted.push(n);
      } catch (error) {
        failed.push((error as Error).message);
        // As a pooler does for the next transaction.
        if (/terminat|not queryable/.test((error as Error).message)) ingest = await open(roleUrl(url, role));
      }
      await sleep(10);
    }
  })();
  const stop = () => {
    stopping = true;
    return running;
  };
  endings.push(stop);
  const rows = async (table: string) =>
    (await admin.query(`select payload_text::int as n from ${table} order by 1`)).rows.map(({ n }) => n);
  return { url, admin, role, failed, inserted, rows, stop, lines: () => describeDatabase(admin, [LEDGER_SCHEMA]) };
}

const INSERT = "insert into telemetry (payload_text) values ('$n')";
const FULL = "insert into public.telemetry (payload_text) values ('$n')";
const MAKE_FULL = 'create table if not exists public.telemetry (id bigserial primary key, payload_text text unique)';

it('follows, and what it makes where it does not exist goes along', async () => {
  const old = await start(
    `${SETUP}; create table public.seen (payload_text text); grant select, insert on public.seen to old_ingest;
     create table public."order" (id int)`,
    ['create table if not exists seen (payload_text text)', "insert into seen values ('$n')", INSERT],
  );
  await expect.poll(() => old.inserted.length).toBeGreaterThan(3);
  // Its statements are looked at until an insert is seen: the others have been by then, or are added by hand.
  const followed = await moveAndFollow(old.admin, { role: old.role, extra: ['seen', 'order'], seconds: 30 });
  expect(followed).toMatchObject({ schema: 'old_ingest', arrives: true });
  expect(followed.names.sort()).toEqual(['public."order"', 'public.seen', 'public.telemetry']);
  await old.stop();
  expect(old.failed).toEqual([]);
  expect(await old.rows('old_ingest.telemetry')).toEqual(old.inserted);
  expect(await old.rows('old_ingest.seen')).toEqual(old.inserted);
});

it('follows with a warning when a query of its role names the schema', async () => {
  const old = await start(SETUP, [INSERT]);
  const reader = await open(roleUrl(old.url, old.role));
  await reader.query('select max(id) from public.telemetry');
  const said: string[] = [];
  const followed = await moveAndFollow(old.admin, { role: old.role, seconds: 30, log: (line) => said.push(line) });
  expect(followed).toMatchObject({ arrives: true });
  expect(said.filter((line) => line.startsWith('warning:'))).toEqual([
    expect.stringMatching(
      /old_ingest also reads public\.telemetry .*"select max\(id\) .*table-back, write telemetry without/,
    ),
  ]);
  // What the warning says.
  await expect(reader.query('select max(id) from public.telemetry')).rejects.toThrow(/does not exist/);
});

it('is refused when it names the schema', async () => {
  const old = await start(SETUP, [FULL]);
  const before = await old.lines();
  await expect(moveAndFollow(old.admin, { role: old.role, seconds: 30 })).rejects.toThrow(
    /old_ingest names the schema in full.*"insert into public.telemetry .*Nothing was changed/s,
  );
  expect(await old.lines()).toEqual(before);
});

it('is refused when no statement of it is seen, unless it is known', async () => {
  const old = await start(SETUP, ['select 1']);
  await expect(moveAndFollow(old.admin, { role: old.role, seconds: 0.5 })).rejects.toThrow(
    /no statement of old_ingest was seen/,
  );
  expect(await moveAndFollow(old.admin, { role: old.role, seconds: 0.5, unqualified: true })).toMatchObject({
    arrives: false,
  });
});

it('is refused when another role writes there too, or a table that it is to move is not there', async () => {
  const old = await start(SETUP, [INSERT]);
  const other = await open(old.url);
  await other.query(INSERT.replace('$n', '-1'));
  await expect(moveAndFollow(old.admin, { role: old.role, seconds: 30 })).rejects.toThrow(/postgres writes there too/);
  await expect(moveAndFollow(old.admin, { role: old.role, extra: ['sean'] })).rejects.toThrow(
    /--with sean: .* no such table/,
  );
});

it('is put back when it makes the table again, with what it has written there', async () => {
  const old = await start(SETUP, [MAKE_FULL, FULL]);
  const before = await old.lines();
  await expect(moveAndFollow(old.admin, { role: old.role, seconds: 30, unqualified: true })).rejects.toThrow(
    /did not follow.*Everything is as before/,
  );
  await expect.poll(() => old.inserted.length).toBeGreaterThan(20);
  await old.stop();
  // What it was about to say when the table went: the operator had said that it would not say it.
  expect(old.failed.length).toBeLessThanOrEqual(1);
  expect(await old.rows('public.telemetry')).toEqual(old.inserted);
  expect(await old.lines()).toEqual(before);
});

it('is put back when it makes sure of a table that was left where it is', async () => {
  const old = await start(
    `${SETUP}; create table public.seen (payload_text text); grant select, insert on public.seen to old_ingest`,
    ['create table if not exists seen (payload_text text)', "insert into seen values ('$n')", INSERT],
  );
  const before = await old.lines();
  await expect(moveAndFollow(old.admin, { role: old.role, seconds: 30, unqualified: true })).rejects.toThrow(
    /--with seen/,
  );
  await old.stop();
  expect(await old.rows('public.seen')).toEqual(old.inserted);
  expect(await old.lines()).toEqual(before);
});

it('waits for connections that are older than a search_path which had to change, and gives it back', async () => {
  const path = `do $$ begin execute format('alter role old_ingest in database %I set search_path = public', current_database()); end $$;
    alter role old_ingest set work_mem = '8MB'`;
  const old = await start(`${SETUP}; ${path}`, [INSERT]);
  const before = await old.lines();
  const go = () => moveAndFollow(old.admin, { role: old.role, seconds: 30, unqualified: true });
  await expect(go()).rejects.toThrow(/1 of its connections are older.*No table was moved/s);
  await moveBack(old.admin);
  expect(await old.lines()).toEqual(before);
  await expect(go()).rejects.toThrow(/1 of its connections/);
  expect(await old.rows('public.telemetry')).not.toHaveLength(0);
  // The pooler's time for a connection is over.
  const { rows } = await old.admin.query(`select entry #>> '{path,changedAt}' as at from ${LEDGER_SCHEMA}.ledger`);
  await expect
    .poll(() => staleConnections(old.admin, old.role, rows[0].at, { end: true, idleSeconds: 0 }), { timeout: 10_000 })
    .toBe(0);
  expect(await go()).toMatchObject({ schema: 'before_adoption', arrives: true });
  const there = old.inserted.length;
  await expect.poll(() => old.inserted.length).toBeGreaterThan(there + 5);
  await moveBack(old.admin);
  await old.stop();
  expect(await old.rows('public.telemetry')).toEqual(old.inserted);
  expect(await old.lines()).toEqual(before);
});

it('there and back over and over, under ingests that make sure of their table: each finds it every time', async () => {
  const url = await makeOldDatabase(postgres(), SETUP.replace('old_ingest', 'postgres'));
  const admin = await open(url);
  let stopping = false;
  let stored = 0;
  const ingests = [1, 2, 3].map(async (which) => {
    const client = await open(url);
    for (let n = 0; !stopping; n++) {
      if (which === 1) await client.query('begin');
      await client.query('create table if not exists telemetry (id bigserial primary key, payload_text text unique)');
      await client.query('alter table telemetry add column if not exists received_at timestamptz');
      await client.query('create unique index if not exists telemetry_payload on telemetry (payload_text)');
      await client.query('insert into telemetry (payload_text) values ($1)', [`${which}-${n}`]);
      if (which === 1) await client.query('commit');
      stored += 1;
    }
  });
  for (let round = 0; round < ROUNDS; round++) {
    expect((await moveAside(admin, 'postgres', { schema: 'postgres', before: null })).names).toEqual([
      'public.telemetry',
    ]);
    expect((await moveBack(admin)).broughtHome).toBe(0);
  }
  stopping = true;
  await Promise.all(ingests);
  expect((await admin.query('select count(*)::int as n from public.telemetry')).rows).toEqual([{ n: stored }]);
});

it('does not hold up the old ingest while somebody else holds the table', async () => {
  const old = await start(SETUP, [INSERT]);
  const other = await open(old.url);
  await other.query('begin; lock table public.telemetry in row exclusive mode');
  let isMoved = false;
  const moving = moveAside(old.admin, old.role, { schema: old.role, before: null }).then((moved) => {
    isMoved = true;
    return moved;
  });
  const there = old.inserted.length;
  await expect.poll(() => old.inserted.length, { timeout: 30_000 }).toBeGreaterThan(there + 30);
  expect(isMoved).toBe(false);
  await other.query('commit');
  expect(await moving).toMatchObject({ names: ['public.telemetry'] });
  await old.stop();
  expect(old.failed).toEqual([]);
  expect(await old.rows('old_ingest.telemetry')).toEqual(old.inserted);
});

it.each([
  ['no such role', '', 'nobody', /there is no role "nobody"/],
  [
    'a schema of a name that the platform needs',
    '; create schema ingest; create schema access',
    'old_ingest',
    /alter schema access rename to old_access; alter schema ingest rename/,
  ],
  ['nothing in the way', '; drop table public.telemetry', 'old_ingest', /nothing to move/],
])('is refused: %s', async (_, setup, role, message) => {
  const old = await start(SETUP + setup, ['select 1']);
  const before = await old.lines();
  await expect(moveAndFollow(old.admin, { role, seconds: 1, unqualified: true })).rejects.toThrow(message);
  expect(await old.lines()).toEqual(before);
});

it('there and back are refused a second time', async () => {
  const old = await start(SETUP, [INSERT]);
  const aside = () => moveAside(old.admin, old.role, { schema: old.role, before: null });
  await expect(moveBack(old.admin)).rejects.toThrow(/no table was moved aside/);
  await aside();
  await expect(aside()).rejects.toThrow(/aside already, in the schema old_ingest/);
});

it('the commands say what was moved, and what to do if no reading arrives', async () => {
  const old = await start(SETUP, ['select 1']);
  const run = (...words: string[]) =>
    new Promise<{ code: number | null; said: string }>((resolve) => {
      const env = { ...process.env, DATABASE_URL: old.url };
      const child = spawn(process.execPath, [join(ROOT, 'ops/main.ts'), 'adopt', ...words], { env });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
      child.on('close', (code) => resolve({ code, said }));
    });
  const aside = await run('table-aside', '--role', 'old_ingest', '--unqualified', '--seconds', '1');
  expect(aside).toMatchObject({
    code: 1,
    said: expect.stringMatching(
      /moved to old_ingest:\n {2}public\.telemetry\n[\s\S]*no reading has arrived.*table-back/,
    ),
  });
  expect(await run('table-back')).toMatchObject({
    code: 0,
    said: expect.stringContaining('public again:\n  old_ingest.telemetry\n'),
  });
});

it('refuses a role whose password the platform sets', async () => {
  const url = await makeOldDatabase(
    postgres(),
    `${SETUP}; do $$ begin if to_regrole('mqtt_ingest') is null then create role mqtt_ingest; end if; end $$`,
  );
  await expect(moveAndFollow(await open(url), { role: 'mqtt_ingest', unqualified: true })).rejects.toThrow(
    "mqtt_ingest is a name of the platform's own",
  );
});

it('reads statements as they are written', () => {
  const seen = (...statements: string[]) => readStatements(statements, ['telemetry', 'Odd Name']);
  for (const full of [
    'INSERT INTO public.telemetry VALUES (1)',
    'insert  into "public"."telemetry" (a) values ($1)',
    'create table if not exists public . telemetry (a int)',
    'COPY public.telemetry FROM STDIN',
    'delete from public.telemetry where false',
    'MERGE INTO public.telemetry AS t USING (select 1) AS s ON true WHEN NOT MATCHED THEN DO NOTHING',
  ]) {
    expect(seen(full), full).toMatchObject({ full: [full], inserts: false });
  }
  // It writes where it can follow, and looks where it cannot.
  const lookup = 'insert into telemetry (id) select id from public.telemetry where topic = $1';
  expect(seen(lookup)).toMatchObject({ full: [lookup] });
  const reads = (...statements: string[]) => [...seen(...statements).reads.keys()];
  expect(reads('SELECT 1 FROM public."telemetry" WHERE id = $1', 'select * from public.telemetry')).toEqual([
    'telemetry',
  ]);
  expect(reads('with t as (select * from public.telemetry) select * from t')).toEqual(['telemetry']);
  expect(reads('select * from telemetry', 'select * from public.other', lookup)).toEqual([]);
  for (const peoples of [
    'select * from public.telemetry limit 100',
    'alter table public.telemetry enable row level security',
    'COPY public.telemetry (id, topic) TO stdout',
    'copy telemetry to stdout',
    'copy (select * from public.telemetry) to stdout',
  ])
    expect(seen(peoples), peoples).toMatchObject({ full: [], inserts: false });
  for (const bare of [
    'insert into Telemetry values (1)',
    'INSERT INTO "telemetry" (a) VALUES ($1)',
    'copy telemetry (a) from stdin',
  ]) {
    expect(seen(bare), bare).toMatchObject({ full: [], inserts: true });
  }
  for (const other of [
    'insert into public.telemetry_raw values (1)',
    'insert into plant.telemetry values (1)',
    'insert into telemetries values (1)',
  ]) {
    expect(seen(other), other).toMatchObject({ full: [], inserts: false });
  }
  expect(
    seen('create table if not exists last_seen (a int)', 'CREATE TABLE IF NOT EXISTS public.x (a int)').makes,
  ).toEqual(['last_seen']);
});
