// Scratch databases of one run are copies of one template, and each its own.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withConnection } from '../provisioning/database/connect.ts';
import { readMigrations } from '../provisioning/database/migrations.ts';
import { startScratchPostgres, TEMPLATES } from './scratch-postgres.ts';

const VERSIONS = 'select version from supabase_migrations.schema_migrations order by version';

let templates: string;
beforeAll(async () => {
  templates = await mkdtemp(join(tmpdir(), 'templates-'));
  vi.stubEnv(TEMPLATES, templates);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(templates, { recursive: true });
});

test('those started at once share a template that is made once, and nothing else', async () => {
  const databases = await Promise.all([startScratchPostgres(), startScratchPostgres(), startScratchPostgres()]);
  try {
    const all = (await readMigrations()).map(({ version }) => ({ version }));
    await withConnection(databases[0].url, (client) => client.query('create table public.mine ()'));
    for (const [index, { url }] of databases.entries())
      await withConnection(url, async (client) => {
        expect((await client.query(VERSIONS)).rows).toEqual(all);
        const { rows } = await client.query("select to_regclass('public.mine') is not null as mine");
        expect(rows).toEqual([{ mine: index === 0 }]);
      });
  } finally {
    for (const { stop } of databases) await stop();
  }
  const others = (await readdir(templates)).filter((name) => name !== 'postgres-bare');
  expect(others).toEqual([expect.stringMatching(/^postgres-[0-9a-f]{64}$/)]);
});

test('a bare one has no schema of ours', async () => {
  const { url, stop } = await startScratchPostgres({ migrate: false });
  try {
    const found = await withConnection(url, (client) =>
      client.query("select 1 from pg_namespace where nspname = 'ingest'"),
    );
    expect(found.rows).toEqual([]);
  } finally {
    await stop();
  }
});
