// What ops/adopt/record.sh finds in a database, and what the report makes of it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../../bootstrap/root.mjs';
import { connect, withConnection } from '../../../provisioning/database/connect.ts';
import { postgresOfFile } from '../../../tests/support/postgres-of-file.ts';
import type { Json } from '../json.ts';
import type { Recording } from '../recording.ts';
import { recordDatabase } from './record.ts';
import { howToMakeRoom } from './room.ts';
import { makeOldDatabase, roleUrl } from './testing/server.ts';

const say = (database: Json | undefined, ...databaseRoles: string[]) =>
  howToMakeRoom({ database, databaseRoles } as Recording, 'dev');

const postgres = postgresOfFile({ migrate: false });

it('records what is in the way and who writes, and none of what is written', async () => {
  const url = await makeOldDatabase(
    postgres(),
    `create table public.tenants (id int primary key); create table public.profiles (id int primary key); create schema access;
     create table public.telemetry (id bigserial primary key, payload_text text); create type public.alerts as enum ('low');
     grant insert on public.telemetry to old_ingest; grant usage on sequence public.telemetry_id_seq to old_ingest;
     alter role old_ingest set search_path = public`,
  );
  const ingest = await connect(roleUrl(url, 'old_ingest'));
  await ingest.query("insert into telemetry (payload_text) values ('a reading')");
  const { telemetry, database } = await withConnection(url, recordDatabase);
  await ingest.end();
  expect(telemetry).toEqual({
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'payload_text', type: 'text' },
    ],
    rowSecurity: false,
  });
  expect(JSON.stringify(database)).not.toContain('a reading');
  expect(database).toMatchObject({
    settings: [{ role: 'old_ingest', here: false, path: 'public' }],
    writers: ['old_ingest'],
  });
  expect(say(database as Json)).toBe(
    'Rename the schemas access, and whatever names them. `npm run ops -- adopt table-aside --role old_ingest --target dev` moves telemetry, tenants, alerts.',
  );
  await withConnection(url, (client) =>
    client.query('drop table public.tenants, public.telemetry; drop type public.alerts; drop schema access'),
  );
  const without = await withConnection(url, recordDatabase);
  expect(say(without.database as Json)).toBe('Nothing is in the way of the platform’s tables.');
  expect(without.telemetry).toEqual({ columns: null, rowSecurity: null });
});

it('is written into the recording by a program that has the password from its environment', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'recorded-'));
  const url = await makeOldDatabase(postgres(), 'create table public.tenants (id int)');
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'ops/main.ts'), 'adopt', 'record-database', folder],
    {
      env: { ...process.env, DATABASE_URL: url },
      encoding: 'utf8',
    },
  );
  expect(status, stderr).toBe(0);
  expect(JSON.parse(readFileSync(join(folder, 'database.json'), 'utf8')).objects).toContainEqual(
    expect.objectContaining({ name: 'public.tenants', kind: 'table' }),
  );
  rmSync(folder, { recursive: true });
});

it('names the role where it is known', () => {
  expect(say(undefined)).toBe(
    '`npm run ops -- adopt table-aside --role ROLE --target dev` (ROLE: the old ingest’s database user) makes room.',
  );
  expect(say(undefined, 'postgres.abcdefghijklmnopqrst')).toBe(
    '`npm run ops -- adopt table-aside --role postgres --target dev` makes room.',
  );
  expect(say(undefined, 'mqtt_ingest')).toContain('mqtt_ingest is a name of the platform’s own');
  expect(say({ objects: [], writers: ['broker_sync'] })).toContain('broker_sync is a name');
  expect(say(undefined, 'plant.ingest')).toContain('--role plant.ingest ');
  expect(say(undefined, '50%')).toContain('--role 50% ');
  expect(say(undefined, "O'Brien")).toContain(`--role "O'Brien" `);
  expect(say(undefined, 'old%20ingest', 'reader')).toContain('one of old ingest, reader)');
});
