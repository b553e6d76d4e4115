// Backup, verification, restore and drill with the real programs and servers; each way to spoil a backup is noticed.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { backupKey } from '../../domain/backup-key.ts';
import { generateKey } from '../../domain/credentials.ts';
import { roleUrl } from '../../lab/postgres.ts';
import { TEMPLATES } from '../../lab/scratch-postgres.ts';
import { applyMigrations } from '../../provisioning/database/apply.ts';
import { connect, inTransaction, withConnection } from '../../provisioning/database/connect.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { makeDatabase, startTestDatabase, type TestDatabase } from '../../provisioning/database/testing/database.ts';
import { makeWorld } from '../../provisioning/database/testing/world.ts';
import { fetchPostgresPackage } from '../../tests/database/postgres-package.ts';
import {
  findBackup,
  listBackups,
  type Made,
  makeBackup,
  type StoredFacts,
  type Vault,
  verifyBackup,
} from './backup.ts';
import { drill } from './drill.ts';
import { compareFacts, readFacts } from './facts.ts';
import { dumpOf, factsOf } from './kept.ts';
import { restoreInto } from './restore.ts';
import { open, seal } from './seal.ts';
import { folderStore } from './store.ts';

let database: TestDatabase;
let admin: Client;
let folder: string;
let vault: Vault;
let reader: { url: string };
let made: Made;
let password: string;
const quiet = () => {};

beforeAll(async () => {
  database = await startTestDatabase();
  admin = database.admin;
  await makeWorld(admin);
  folder = mkdtempSync(join(tmpdir(), 'backup-test-'));
  vault = { store: folderStore(folder), key: backupKey(randomBytes(32)) };
  password = generateKey();
  await setLogin(admin, 'backup_reader', password);
  reader = { url: roleUrl(database.postgres.url, 'backup_reader', password) };
  made = await makeBackup(reader, vault, quiet);
});
afterAll(async () => {
  await database.stop();
  rmSync(folder, { recursive: true });
});

const figures = async () => (await admin.query('select ingest.backup_figures() as f')).rows[0].f;
const backupNamed = (name: string) => findBackup(vault.store, name);

describe('a backup', () => {
  it('is made by a role that reads everything, is stored encrypted, and is recorded', async () => {
    const [backup] = await listBackups(vault.store);
    expect(backup).toMatchObject({ name: made.name, isGood: true, bytes: made.bytes });
    const stored = readFileSync(join(folder, dumpOf(made.name)));
    expect(stored.subarray(0, 21).toString()).toBe('age-encryption.org/v1');
    expect(stored.includes('PGDMP')).toBe(false);
    expect(await figures()).toMatchObject({ backup_bytes: made.bytes, backup_failing: 0 });
  });

  it('has every row: of two tenants, of private schemas, of people', async () => {
    const { tables } = await verifyBackup(vault, await backupNamed(made.name));
    for (const table of ['public.tenants', 'broker.service_accounts', 'auth.users']) {
      const { rows } = await admin.query(`select count(*)::text as n from ${table}`);
      expect(tables[table]?.count, table).toBe(rows[0].n);
    }
  });

  it('passes a drill: into the same version, and into the next', { timeout: 300_000 }, async () => {
    const backup = await backupNamed(made.name);
    expect(await drill(vault, backup, quiet)).toEqual({ rows: made.rows, problems: [] });
    vi.stubEnv('MQTT_SAAS_TEST_POSTGRES', await fetchPostgresPackage('18'));
    // Its templates are of this version.
    vi.stubEnv(TEMPLATES, undefined);
    try {
      expect(await drill(vault, backup, quiet)).toEqual({ rows: made.rows, problems: [] });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('that fails leaves nothing that counts as a backup, and is recorded with its reason', async () => {
    const before = (await figures()).backup_last_success_timestamp_seconds;
    const full: Vault = {
      ...vault,
      store: { ...vault.store, put: () => Promise.reject(new Error('no space left on the store')) },
    };
    await expect(makeBackup(reader, full, quiet)).rejects.toThrow('no space left on the store');
    expect(await figures()).toMatchObject({ backup_failing: 1, backup_last_success_timestamp_seconds: before });
    const { rows } = await admin.query('select problem from ingest.backups order by id desc limit 1');
    expect(rows).toEqual([{ problem: 'no space left on the store' }]);
    // A role that cannot read a table: pg_dump says so, and the half dump is not kept.
    await admin.query('alter role backup_reader nobypassrls');
    await expect(makeBackup(reader, vault, quiet)).rejects.toThrow(/pg_dump failed.*row-level security/);
    await admin.query('alter role backup_reader bypassrls');
    expect(readdirSync(folder).sort()).toEqual([dumpOf(made.name), factsOf(made.name)]);
  });

  it('never shows the password in what it says', async () => {
    const wrong = { url: reader.url.replace(password, 'wrong-password-1234') };
    const error = await makeBackup(wrong, vault, quiet).catch((thrown: Error) => thrown);
    expect(String(error)).toContain('password is wrong');
    expect(String(error)).not.toContain('wrong-password');
  });
});

/** A copy of the backup under another name, spoilt. */
async function spoilt(name: string, spoil: { dump?: (file: string) => void; facts?: (facts: StoredFacts) => void }) {
  copyFileSync(join(folder, dumpOf(made.name)), join(folder, dumpOf(name)));
  spoil.dump?.(join(folder, dumpOf(name)));
  const facts = await verifyBackup(vault, await backupNamed(made.name));
  facts.bytes = readFileSync(join(folder, dumpOf(name))).length;
  spoil.facts?.(facts);
  await vault.store.put(factsOf(name), await seal(Readable.from([Buffer.from(JSON.stringify(facts))]), vault.key));
  return backupNamed(name);
}

/** The dump inside, changed and encrypted again. */
async function resealed(name: string, change: (dump: Buffer) => Buffer) {
  const dump = await buffer(await open(await vault.store.get(dumpOf(made.name)), vault.key));
  const bytes = await buffer(await seal(Readable.from([change(dump)]), vault.key));
  return spoilt(name, { dump: (file) => writeFileSync(file, bytes) });
}

function flip(file: string, share: number): void {
  const bytes = readFileSync(file);
  const at = Math.min(bytes.length - 1, Math.floor(bytes.length * share));
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(file, bytes);
}

describe('a spoilt backup turns verification red', () => {
  it.each([0.01, 0.3, 0.6, 1])('by a flipped byte at %d of its length', async (share) => {
    const name = `backup-20200101T0000${String(share * 10)
      .padStart(2, '0')
      .slice(-2)
      .replace('.', '0')}Z`;
    const backup = await spoilt(name, { dump: (file) => flip(file, share) });
    await expect(verifyBackup(vault, backup)).rejects.toThrow(/damaged/);
  });

  it('by a cut, even if the facts agree, or by nothing in it', async () => {
    const cut = await spoilt('backup-20200102T000000Z', { dump: (file) => truncateSync(file, made.bytes - 1000) });
    await expect(verifyBackup(vault, cut)).rejects.toThrow(/damaged/);
    const empty = await spoilt('backup-20200103T000000Z', { dump: (file) => truncateSync(file, 0) });
    await expect(verifyBackup(vault, empty)).rejects.toThrow(/damaged/);
    truncateSync(join(folder, dumpOf('backup-20200103T000000Z')), 10);
    await expect(verifyBackup(vault, { ...empty, bytes: 10 })).rejects.toThrow('has 10 bytes, not the 0');
  });

  it('by a dump that was cut or changed before it was encrypted', async () => {
    const cut = await resealed('backup-20200104T000000Z', (dump) => dump.subarray(0, dump.length / 2));
    await expect(verifyBackup(vault, cut)).rejects.toThrow(/damaged: pg_restore failed/);
    const flipped = await resealed('backup-20200105T000000Z', (dump) => {
      const copy = Buffer.from(dump);
      const frame = copy.lastIndexOf(Buffer.from('28b52ffd', 'hex'));
      copy[frame + 1] = copy[frame + 1]! ^ 0xff;
      return copy;
    });
    await expect(verifyBackup(vault, flipped)).rejects.toThrow(/damaged: pg_restore failed/);
    // One that pg_restore reads, too: zstd's frames and the table of contents have no checksum.
    const weaker = await resealed('backup-20200109T000000Z', (dump) => {
      const copy = Buffer.from(dump);
      copy.write('NO FO', copy.indexOf('FORCE ROW LEVEL SECURITY'));
      return copy;
    });
    await expect(verifyBackup(vault, weaker)).rejects.toThrow('damaged: it is not what pg_dump wrote');
  });

  it('by another key', async () => {
    const other = { ...vault, key: backupKey(randomBytes(32)) };
    await expect(verifyBackup(other, await backupNamed(made.name))).rejects.toThrow('with another key than BACKUP_KEY');
  });

  it('by its age, or by facts that never came', async () => {
    const later = Date.now() + 48 * 3_600_000;
    await expect(findBackup(vault.store, undefined, later)).rejects.toThrow(/48 hours old .*: the nightly run/);
    copyFileSync(join(folder, dumpOf(made.name)), join(folder, dumpOf('backup-20400101T000000Z')));
    expect((await findBackup(vault.store, undefined)).name).toBe(made.name);
    rmSync(join(folder, dumpOf('backup-20400101T000000Z')));
  });
});

describe('a drill turns red', () => {
  it('when a role is missing', async () => {
    const backup = await spoilt('backup-20200106T000000Z', {
      facts: (facts) => {
        facts.roles = facts.roles.filter(({ name }) => name !== 'mqtt_ingest');
      },
    });
    await expect(drill(vault, backup, quiet)).rejects.toThrow(/as it was: .*role "mqtt_ingest" does not exist/);
  });

  it('when a policy, a grant, FORCE, a function, a row or a value is missing or another', async () => {
    // The dump of a database that lacks them, under the facts of one that has them.
    const url = await makeDatabase(database.postgres.url);
    const target = { url };
    await restoreInto(target, vault, made.name, await verifyBackup(vault, await backupNamed(made.name)));
    const client = await connect(url);
    await client.query(`
      drop policy ${await policyOf(client, 'public.telemetry')} on public.telemetry;
      create policy all_of_it on public.telemetry for select to authenticated using (true);
      alter table public.devices no force row level security;
      revoke select on public.alerts from authenticated;
      drop function ingest.backup_figures();
      update public.tenants set name = 'Other' where id = (select min(id::text)::uuid from public.tenants);
      delete from public.telemetry where ctid = (select min(ctid) from only public.telemetry) or message_id = (select min(message_id) from public.telemetry)`);
    await client.end();
    const elsewhere = mkdtempSync(join(tmpdir(), 'backup-test-'));
    const other = { ...vault, store: folderStore(elsewhere) };
    const spoiltReader = { url: roleUrl(url, 'backup_reader', password) };
    const { name } = await makeBackup(spoiltReader, other, quiet);
    const { sha256 } = await verifyBackup(other, await findBackup(other.store, name));
    const backup = await spoilt('backup-20200107T000000Z', {
      dump: (file) => copyFileSync(join(elsewhere, dumpOf(name)), file),
      facts: (facts) => {
        facts.sha256 = sha256;
      },
    });
    rmSync(elsewhere, { recursive: true });
    const { problems } = await drill(vault, backup, quiet);
    const said = problems.join('\n');
    expect(said).toMatch(/missing: policy public\.telemetry/);
    expect(said).toContain('one too many: policy public.telemetry all_of_it');
    expect(said).toContain('missing: row security public.devices enabled=t forced=t');
    expect(said).toContain('missing: grant relation public.alerts: SELECT to authenticated');
    expect(said).toContain('missing: function ingest.backup_figures()');
    expect(said).toContain('table public.tenants has other contents');
    expect(said).toMatch(/table ingest\.telemetry_\w+ has \d+ rows, not \d+/);
    expect(said).toMatch(/a member of one tenant sees \d+ rows of others in public\.telemetry/);
    expect(said).toMatch(/a member of a tenant sees \d+ of its \d+ rows in public\.telemetry/);
  });
});

const policyOf = async (client: Client, table: string): Promise<string> =>
  (await client.query('select polname from pg_policy where polrelid = $1::regclass and polcmd = $2', [table, 'r']))
    .rows[0].polname;

it('a restore replaces what is there, and ends with what was backed up', async () => {
  const url = await makeDatabase(database.postgres.url);
  await applyMigrations(url);
  await withConnection(url, async (client) => {
    await client.query(
      "create schema later; create table later.mine (id int); update public.tenants set name = 'Changed'",
    );
    const { name } = await backupNamed(made.name);
    const facts = await verifyBackup(vault, await backupNamed(name));
    await restoreInto({ url }, vault, name, facts);
    expect(compareFacts(facts, await inTransaction(client, () => readFacts(client)))).toEqual([]);
  });
});

it('a restore that fails leaves the database as it was', async () => {
  const url = await makeDatabase(database.postgres.url);
  const good = await verifyBackup(vault, await backupNamed(made.name));
  await restoreInto({ url }, vault, made.name, good);
  const cut = await resealed('backup-20200108T000000Z', (dump) => dump.subarray(0, dump.length - 2000));
  await expect(restoreInto({ url }, vault, cut.name, good)).rejects.toThrow('as it was');
  const { rows } = await withConnection(url, (client) => client.query('select count(*)::int as n from public.tenants'));
  expect(rows[0].n).toBeGreaterThan(1);
});

it('a restore that is killed leaves the database as it was', async () => {
  const url = await makeDatabase(database.postgres.url);
  await restoreInto({ url }, vault, made.name, await verifyBackup(vault, await backupNamed(made.name)));
  // The second reading of the dump is the restore itself. It stops near the end, and the program dies.
  const program = `
    import { Readable } from 'node:stream';
    import { buffer } from 'node:stream/consumers';
    import { findBackup, verifyBackup } from './ops/backup/backup.ts';
    import { restoreInto } from './ops/backup/restore.ts';
    import { seal, open } from './ops/backup/seal.ts';
    import { folderStore } from './ops/backup/store.ts';
    const { URL_OF_DATABASE: url, FOLDER: folder, NAME: name, KEY: key } = process.env;
    const store = folderStore(folder);
    const facts = await verifyBackup({ store, key }, await findBackup(store, name));
    let readings = 0;
    const get = async (object) => {
      readings += 1;
      if (readings === 1) return store.get(object);
      const dump = await buffer(await open(await store.get(object), key));
      async function* cut() {
        yield dump.subarray(0, dump.length - 2000);
        await new Promise((resolve) => setTimeout(resolve, 2000));
        process.kill(process.pid, 'SIGKILL');
        await new Promise(() => {});
      }
      return seal(Readable.from(cut()), key);
    };
    await restoreInto({ url }, { store: { ...store, get }, key }, name, facts);`;
  const environment = { URL_OF_DATABASE: url, FOLDER: folder, NAME: made.name, KEY: vault.key };
  const { signal, stderr } = spawnSync('node', ['--input-type=module', '--eval', program], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  });
  expect(signal, stderr).toBe('SIGKILL');
  const programs = "select count(*)::int as n from pg_stat_activity where application_name = 'mqtt-saas backup'";
  await expect.poll(async () => (await admin.query(programs)).rows[0].n).toBe(0);
  const facts = await verifyBackup(vault, await backupNamed(made.name));
  const found = await withConnection(url, (client) => inTransaction(client, () => readFacts(client)));
  expect(compareFacts(facts, found)).toEqual([]);
});

it.each(['SIGTERM', 'SIGHUP'] as const)('lets the app in again after a restore that %s meets', async (signal) => {
  const program = `
    import { withAppStopped } from './ops/backup/app.ts';
    const work = async () => {
      process.kill(process.pid, '${signal}');
      await new Promise((resolve) => setTimeout(resolve, 500));
      throw new Error('what the database says to programs that have ended');
    };
    await withAppStopped({ kind: 'local' }, { url: process.env.URL_OF_DATABASE }, work, () => {});`;
  const { stderr } = spawnSync('node', ['--input-type=module', '--eval', program], {
    cwd: ROOT,
    env: { ...process.env, URL_OF_DATABASE: database.postgres.url },
    encoding: 'utf8',
  });
  const { rows } = await admin.query("select rolcanlogin from pg_roles where rolname = 'mqtt_ingest'");
  expect(rows, stderr).toEqual([{ rolcanlogin: true }]);
});
