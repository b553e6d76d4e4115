// The old table moves aside under an ingest that goes on writing, the migrations find room, and all of it goes back.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunningPostgres } from '../../local/postgres.ts';
import { startScratchPostgres } from '../../local/scratch-postgres.ts';
import { applyMigrations } from '../../provisioning/database/apply.ts';
import { connect, withConnection } from '../../provisioning/database/connect.ts';
import { addDevice } from '../../provisioning/database/registry.ts';
import { moveAside, moveBack } from './table.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/adoption.md'), 'utf8');
const HISTORY = /( {4}insert into public\.telemetry[\s\S]*?;)/.exec(PAGE)?.[1] ?? '';

let postgres: RunningPostgres;
beforeAll(async () => {
  postgres = await startScratchPostgres({ migrate: false });
});
afterAll(() => postgres.stop());

const roleUrl = () => postgres.url.replace(/:\/\/[^@]+@/, '://old_ingest:secret@');
/** What the old ingest does, each time with a connection of its own. */
const insert = (payload: string) =>
  withConnection(roleUrl(), (client) =>
    client.query('insert into telemetry (topic, payload) values ($1, $2)', ['t', payload]),
  );
const rows = (table: string) =>
  withConnection(
    postgres.url,
    async (client) => (await client.query(`select count(*)::int as n from ${table}`)).rows[0].n,
  );

it('there and back, without a reading lost', async () => {
  const admin = await connect(postgres.url);
  await admin.query(`create role old_ingest login password 'secret';
    create table public.telemetry (id bigint generated always as identity, topic text, payload jsonb,
      received_at timestamptz not null default now());
    grant insert on public.telemetry to old_ingest`);
  await insert('1');
  // Without it the migrations cannot make their table, and say so.
  await expect(applyMigrations(postgres.url)).rejects.toThrow(/telemetry/);
  await moveAside(admin, 'old_ingest');
  await applyMigrations(postgres.url);
  await insert('2');
  // The history, as docs/adoption.md takes it over, and again.
  await addDevice(admin, { tenant: 'acme', device: 'pump-1', createTenant: true });
  await admin.query(`update before_adoption.telemetry set topic = 'sensors/pump-1/telemetry' where id = 1`);
  for (const taken of [1, 0]) expect((await admin.query(HISTORY)).rowCount).toBe(taken);
  await admin.query('delete from public.telemetry');
  expect([await rows('before_adoption.telemetry'), await rows('public.telemetry')]).toEqual([2, 0]);
  await moveBack(admin, 'old_ingest');
  await insert('3');
  expect([await rows('public.telemetry'), await rows('public.telemetry_of_the_platform')]).toEqual([3, 0]);
  await admin.end();
});

it('changes nothing when it cannot do all of it', async () => {
  const admin = await connect(postgres.url);
  await expect(moveAside(admin, 'nobody_of_this_name')).rejects.toThrow(/nobody_of_this_name/);
  expect(await rows('public.telemetry')).toBe(3);
  await admin.end();
});
