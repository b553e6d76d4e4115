// The jobs of a cluster, one after the other as a cluster runs them, on real servers: an empty database is prepared, backed up, and the
// backup is tried on a second server.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../../lab/authority.ts';
import type { RunningPostgres } from '../../lab/postgres.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { MADE } from '../../ops/compose/keys.ts';
import { type Place, runJob } from '../../ops/kubernetes/jobs.ts';
import { withConnection } from '../../provisioning/database/connect.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubernetes-jobs-'));
const servers: RunningPostgres[] = [];
let place: Place;
beforeAll(async () => {
  for (const _ of ['platform', 'scratch']) servers.push(await startScratchPostgres({ migrate: false }));
  const [platform, scratch] = servers as [RunningPostgres, RunningPostgres];
  const url = new URL(platform.url);
  const put = (name: string, text: string) => writeFileSync(join(folder, 'secrets', name), `${text}\n`);
  for (const name of ['secrets', 'backups', 'archive']) mkdirSync(join(folder, name));
  // On loopback there is no TLS.
  for (const [name, make] of Object.entries(MADE)) put(name, make!(url.host).replace('?sslmode=verify-full', ''));
  put('database.password', decodeURIComponent(url.password));
  put('database-ca.crt', (await makeAuthority('of nobody')).certificate);
  url.password = '';
  place = { secrets: join(folder, 'secrets'), stores: folder, database: url.href, scratch: scratch.url };
});
afterAll(async () => {
  for (const server of servers) await server.stop();
  rmSync(folder, { recursive: true });
});

async function run(name: string): Promise<string> {
  const said: string[] = [];
  await runJob(name, place, (message) => said.push(message));
  return said.join('\n');
}

test('prepares an empty database, and again when it is applied again', async () => {
  expect(await run('prepare')).toContain('applied');
  expect(await run('prepare')).not.toContain('applied');
  const names = await withConnection(servers[0]!.url, async (client) => {
    const { rows } = await client.query<{ rolname: string }>('select rolname from pg_roles where rolcanlogin');
    return rows.map(({ rolname }) => rolname);
  });
  expect(names).toEqual(expect.arrayContaining(['mqtt_ingest', 'broker_sync', 'backup_reader', 'archive_writer']));
});

test('backs it up, and tries the backup on an empty server', async () => {
  await expect(run('drill')).rejects.toThrow();
  expect(await run('backup')).toContain('read back whole');
  expect(readdirSync(join(folder, 'backups'))).not.toEqual([]);
  expect(await run('drill')).toContain('everything is equal');
});

test('does not fail for an archive that nobody has switched on, and does for a job that there is not', async () => {
  expect(await run('archive')).toContain('the archive is off');
  await expect(run('restore')).rejects.toThrow('there is no job "restore"');
});
