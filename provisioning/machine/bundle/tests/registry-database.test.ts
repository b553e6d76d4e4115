// How the agent reaches the registry: over strict TLS, as a role that may read one view, without ever showing a password.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey } from '../../../../domain/credentials.ts';
import { type CertificateFiles, ensureCertificates } from '../../../../lab/certificates.ts';
import { type RunningPostgres, roleUrl } from '../../../../lab/postgres.ts';
import { startScratchPostgres } from '../../../../lab/scratch-postgres.ts';
import { giveToService, makeScratchDir } from '../../../../lab/unprivileged.ts';
import { connect } from '../../../database/connect.ts';
import { setLogin } from '../../../database/login.ts';
import { upsertServiceAccount } from '../../../database/registry.ts';
import { BUNDLE_FILES, PATHS } from '../paths.ts';
import { HAS_PSYCOPG2, PYTHON } from '../testing/agent.ts';
import { programsFolder } from '../testing/programs.ts';

const PROGRAM = `
import sys
sys.path.insert(0, sys.argv[1])
from mqtt_saas import registry_database
database = registry_database.RegistryDatabase(sys.argv[2], sys.argv[3])
try:
    if len(sys.argv) > 4:
        print(database._query(sys.argv[4]))
    else:
        print(database.fingerprint()[0], len(database.rows()), database.fingerprint() == database.fingerprint())
except registry_database.DatabaseAway as error:
    print("away:", error)`;

const BIN = join(programsFolder(), 'bin');

let dir: string;
let postgres: RunningPostgres;
let admin: Client;
let url: string;
let certificates: CertificateFiles;
/** The database behind 127.0.0.2, which the agent takes for another machine. */
let door: Server;
const password = generateKey();

beforeAll(async () => {
  dir = makeScratchDir();
  postgres = await startScratchPostgres();
  admin = await connect(postgres.url);
  await setLogin(admin, 'broker_sync', password);
  url = roleUrl(postgres.url, 'broker_sync', password);
  certificates = await ensureCertificates(dir);
  door = createServer((client) => {
    const server = connectTcp(postgres.port, '127.0.0.1');
    client.pipe(server).pipe(client);
    for (const socket of [client, server]) socket.on('error', () => {});
  });
  door.listen(0, '127.0.0.2');
  await once(door, 'listening');
});
afterAll(async () => {
  door?.close();
  await admin?.end();
  await postgres?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const elsewhere = (address: string) =>
  address.replace(/@[^/]+/, `@127.0.0.2:${(door.address() as { port: number }).port}`);

/** Runs the reader with this address; its output. */
async function read(address: string, { ca = join(dir, 'no-such-ca'), sql }: { ca?: string; sql?: string } = {}) {
  const file = join(dir, 'registry.url');
  writeFileSync(file, `${address}\n`);
  const words = ['-B', '-c', PROGRAM, BIN, file, ca, ...(sql ? [sql] : [])];
  const { stdout, stderr } = await promisify(execFile)(PYTHON, words);
  const output = stdout + stderr;
  expect(output).not.toContain(password);
  expect(output).not.toContain('hunter2');
  return output.trim();
}

describe.runIf(HAS_PSYCOPG2)('the registry’s reader (needs python3-psycopg2)', () => {
  it('sees each change, and no change where there is none', async () => {
    await upsertServiceAccount(admin, { username: 'svc-ingest', purpose: 'ingest', key: generateKey() });
    expect(await read(url)).toBe('1 1 True');
  });

  it('may read the view and nothing else', async () => {
    for (const table of [
      'public.devices',
      'public.device_credentials',
      'broker.service_accounts',
      'public.telemetry',
    ]) {
      expect(await read(url, { sql: `select * from ${table}` })).toMatch(/^away: \S+ permission denied for/);
    }
  });

  it('speaks TLS to a server with the right certificate and name only', async () => {
    const strict = `${url}?sslmode=verify-full`;
    expect(await read(strict)).toContain('server does not support SSL');
    for (const [from, to] of [['server.pem', 'server.crt'] as const, ['server.key', 'server.key'] as const]) {
      copyFileSync(join(dir, from), join(postgres.dataDir, 'cluster', to));
      chmodSync(join(postgres.dataDir, 'cluster', to), 0o600);
      giveToService(join(postgres.dataDir, 'cluster', to));
    }
    await admin.query('alter system set ssl = on');
    await admin.query('select pg_reload_conf()');
    await expect.poll(() => read(strict, { ca: certificates.caFile }), { timeout: 30_000 }).toBe('1 1 True');
    // Signed by nobody that the system trusts.
    expect(await read(strict)).toContain('certificate verify failed');
    // The same server at an address that its certificate does not have.
    expect(await read(elsewhere(strict), { ca: certificates.caFile })).toMatch(
      /server certificate for .* does not match host name/,
    );
  });

  it('has the CA of the bundle in force, also when the one that it was started from is gone', async () => {
    const program =
      'import sys; sys.path.insert(0, sys.argv[1]); from mqtt_saas import registry_sync; print(registry_sync.DATABASE_CA)';
    const { stdout } = await promisify(execFile)(PYTHON, ['-B', '-c', program, BIN]);
    expect(stdout.trim()).toBe(join(PATHS.current, BUNDLE_FILES.databaseCa));
  });

  it('insists on TLS with every server but this machine’s own, whatever the address says', async () => {
    await admin.query('alter system set ssl = off');
    await admin.query('select pg_reload_conf()');
    const remote = `${elsewhere(url)}?sslmode=disable`;
    await expect.poll(() => read(remote), { timeout: 30_000 }).toContain('server does not support SSL');
  });

  it.each<[string, () => string]>([
    ['a wrong password', () => roleUrl(url, 'broker_sync', 'hunter2-hunter2')],
    ['a port that is not a number', () => `postgresql://broker_sync:hunter2-hunter2@127.0.0.1:none/postgres`],
    ['no password', () => 'postgresql://broker_sync@127.0.0.1/hunter2'],
    ['no address', () => 'hunter2-hunter2'],
    ['a host that is not there', () => 'postgresql://broker_sync:hunter2-hunter2@127.0.0.1:1/postgres'],
  ])('says what is wrong with %s', async (_, make) => {
    expect(await read(make())).toMatch(/^away: \S+ .{20}/);
  });
});
