// Connections as `ops` makes them, against a real server that speaks TLS.
import { chmodSync, copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CertificateFiles, ensureCertificates } from '../../lab/certificates.ts';
import type { RunningPostgres } from '../../lab/postgres.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { giveToService, makeScratchDir } from '../../lab/unprivileged.ts';
import { withConnection } from './connect.ts';

let dir: string;
let postgres: RunningPostgres;
let certificates: CertificateFiles;

beforeAll(async () => {
  dir = makeScratchDir();
  postgres = await startScratchPostgres({ migrate: false });
  certificates = await ensureCertificates(dir);
  for (const [from, to] of [['server.pem', 'server.crt'] as const, ['server.key', 'server.key'] as const]) {
    const file = join(postgres.dataDir, 'cluster', to);
    copyFileSync(join(dir, from), file);
    chmodSync(file, 0o600);
    giveToService(file);
  }
  await withConnection(postgres.url, async (client) => {
    await client.query('alter system set ssl = on');
    await client.query('select pg_reload_conf()');
  });
});
afterAll(async () => {
  await postgres?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const isEncrypted = (database: Parameters<typeof withConnection>[0]) =>
  withConnection(database, async (client) => {
    const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    return rows[0]!.ssl as boolean;
  });

it('verifies the server by the given certificate, or the one that the URL names', async () => {
  const url = `${postgres.url.replace('127.0.0.1', 'localhost')}?sslmode=verify-full`;
  const ca = readFileSync(certificates.caFile, 'utf8');
  await expect.poll(() => isEncrypted({ url, ca }).catch((error: Error) => error.message)).toBe(true);
  expect(await isEncrypted(`${url}&sslrootcert=${encodeURIComponent(certificates.caFile)}`)).toBe(true);
  expect(await isEncrypted(postgres.url)).toBe(false);
});

it('refuses a server that nobody certifies, and says what to add', async () => {
  const url = `${postgres.url}?sslmode=require`;
  await expect(isEncrypted(url)).rejects.toThrow(/^cannot connect to postgres@127\.0\.0\.1:.*sslrootcert=FILE/);
});

it('never shows what is wrong with a URL', async () => {
  const url = 'postgres://someone:hunter2@db.example.com/x?sslmode=no-verify';
  await expect(isEncrypted(url)).rejects.toThrow(/^the database URL has an sslmode that does not verify the server/);
  await expect(isEncrypted(url)).rejects.not.toThrow(/hunter2|example/);
});
