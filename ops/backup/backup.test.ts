// Backups, their verification and the drill with the real programs and servers; each way to spoil a backup is noticed.
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { backupKey } from '../../domain/backup-key.ts';
import { TEMPLATES } from '../../lab/scratch-postgres.ts';
import { connect } from '../../provisioning/database/connect.ts';
import { makeDatabase } from '../../provisioning/database/testing/database.ts';
import { fetchPostgresPackage } from '../../tests/database/postgres-package.ts';
import { folderStore } from '../store.ts';
import { findBackup, listBackups, makeBackup, type Vault, verifyBackup } from './backup.ts';
import { drill } from './drill.ts';
import { dumpOf, factsOf, nameAt } from './kept.ts';
import { restoreInto } from './restore.ts';
import { type BackupLab, quiet, startBackupLab } from './testing/lab.ts';

let lab: BackupLab;
beforeAll(async () => {
  lab = await startBackupLab();
});
afterAll(() => lab.stop());

const figures = async () => (await lab.admin.query('select ingest.backup_figures() as f')).rows[0].f;

describe('a backup', () => {
  it('is made by a role that reads everything, is stored encrypted, and is recorded', async () => {
    const [backup] = await listBackups(lab.vault.store);
    expect(backup).toMatchObject({ name: lab.made.name, isGood: true, bytes: lab.made.bytes });
    const stored = readFileSync(join(lab.folder, dumpOf(lab.made.name)));
    expect(stored.subarray(0, 21).toString()).toBe('age-encryption.org/v1');
    expect(stored.includes('PGDMP')).toBe(false);
    expect(await figures()).toMatchObject({ backup_bytes: lab.made.bytes, backup_failing: 0 });
  });

  it('has every row: of two tenants, of private schemas, of people', async () => {
    const { tables } = await lab.facts();
    for (const table of ['public.tenants', 'broker.service_accounts', 'auth.users']) {
      const { rows } = await lab.admin.query(`select count(*)::text as n from ${table}`);
      expect(tables[table]?.count, table).toBe(rows[0].n);
    }
    // Links to the archive are secrets that still work.
    expect(tables).not.toHaveProperty(['public.archive_links']);
  });

  it('passes a drill: into the same version, and into the next', { timeout: 300_000 }, async () => {
    const backup = await lab.backupNamed(lab.made.name);
    expect(await drill(lab.vault, backup, quiet)).toEqual({ rows: lab.made.rows, problems: [] });
    vi.stubEnv('MQTT_SAAS_TEST_POSTGRES', await fetchPostgresPackage('18'));
    // Its templates are of this version.
    vi.stubEnv(TEMPLATES, undefined);
    try {
      expect(await drill(lab.vault, backup, quiet)).toEqual({ rows: lab.made.rows, problems: [] });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('may be made while ids are given away: the dump never has fewer than its facts', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'backup-test-'));
    const store = folderStore(elsewhere);
    const giveAway = async () =>
      (await lab.admin.query("select nextval('public.dead_letters_id_seq')::text as id")).rows[0].id as string;
    const before = await giveAway();
    const amid: Vault = {
      ...lab.vault,
      store: {
        ...store,
        put: async (name, body) => {
          await store.put(name, body);
          await giveAway();
        },
      },
    };
    const { name } = await makeBackup(lab.readerOf(lab.url), amid, quiet);
    const { sequences } = await verifyBackup(amid, await findBackup(store, name));
    expect(sequences['public.dead_letters_id_seq']).toBe(before);
    rmSync(elsewhere, { recursive: true });
  });

  it('that fails leaves nothing that counts as a backup, and is recorded with its reason', async () => {
    const before = (await figures()).backup_last_success_timestamp_seconds;
    const full: Vault = {
      ...lab.vault,
      store: { ...lab.vault.store, put: () => Promise.reject(new Error('no space left on the store')) },
    };
    await expect(makeBackup(lab.readerOf(lab.url), full, quiet)).rejects.toThrow('no space left on the store');
    expect(await figures()).toMatchObject({ backup_failing: 1, backup_last_success_timestamp_seconds: before });
    const { rows } = await lab.admin.query('select problem from ingest.backups order by id desc limit 1');
    expect(rows).toEqual([{ problem: 'no space left on the store' }]);
    // A role that cannot read a table: pg_dump says so, and the half dump is not kept.
    await lab.admin.query('alter role backup_reader nobypassrls');
    await expect(makeBackup(lab.readerOf(lab.url), lab.vault, quiet)).rejects.toThrow(
      /pg_dump failed.*row-level security/,
    );
    await lab.admin.query('alter role backup_reader bypassrls');
    expect(readdirSync(lab.folder).sort()).toEqual([dumpOf(lab.made.name), factsOf(lab.made.name)]);
  });

  it('never shows the password in what it says', async () => {
    const wrong = { url: lab.readerOf(lab.url).url.replace(lab.password, 'wrong-password-1234') };
    const error = await makeBackup(wrong, lab.vault, quiet).catch((thrown: Error) => thrown);
    expect(String(error)).toContain('password is wrong');
    expect(String(error)).not.toContain('wrong-password');
  });

  it('is remembered for 400 days, the newest good one permanently, and its size is compared with the former', async () => {
    await lab.admin.query(`
      insert into ingest.backups (kind, name, started_at, ended_at, problem) values
        ('drill', 'older', '2020-01-01', '2020-01-01', null), ('drill', 'newest good', '2020-01-02T00:00Z', '2020-01-02T00:00Z', null),
        ('drill', 'bad', '2020-01-03', '2020-01-03', 'a policy is missing');
      select ingest.record_backup('drill', 'new', now(), null, null, 'a policy is missing');
      select ingest.record_backup('backup', 'former', now(), 1000, 1, null);
      select ingest.record_backup('backup', 'last', now(), 250, 1, null)`);
    const { rows } = await lab.admin.query("select name from ingest.backups where kind = 'drill' order by id");
    expect(rows.map(({ name }) => name)).toEqual(['newest good', 'new']);
    expect(await figures()).toMatchObject({
      backup_bytes: 250,
      backup_size_ratio: 0.25,
      restore_drill_failing: 1,
      restore_drill_last_success_timestamp_seconds: Date.parse('2020-01-02') / 1000,
    });
  });
});

function flip(file: string, share: number): void {
  const bytes = readFileSync(file);
  const at = Math.min(bytes.length - 1, Math.floor(bytes.length * share));
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(file, bytes);
}

describe('a spoilt backup turns verification red', () => {
  it.each([0.01, 0.3, 0.6, 1])('by a flipped byte at %d of its length', async (share) => {
    const backup = await lab.spoilt(nameAt(new Date(share * 100_000)), { dump: (file) => flip(file, share) });
    await expect(verifyBackup(lab.vault, backup)).rejects.toThrow(/damaged/);
  });

  it('by a cut, even if the facts agree, or by nothing in it', async () => {
    const cut = await lab.spoilt('backup-20200102T000000Z', {
      dump: (file) => truncateSync(file, lab.made.bytes - 1000),
    });
    await expect(verifyBackup(lab.vault, cut)).rejects.toThrow(/damaged/);
    const empty = await lab.spoilt('backup-20200103T000000Z', { dump: (file) => truncateSync(file, 0) });
    await expect(verifyBackup(lab.vault, empty)).rejects.toThrow(/damaged/);
    truncateSync(join(lab.folder, dumpOf('backup-20200103T000000Z')), 10);
    await expect(verifyBackup(lab.vault, { ...empty, bytes: 10 })).rejects.toThrow('has 10 bytes, not the 0');
  });

  it('by a dump that was cut or changed before it was encrypted', async () => {
    const cut = await lab.resealed('backup-20200104T000000Z', (dump) => dump.subarray(0, dump.length / 2));
    await expect(verifyBackup(lab.vault, cut)).rejects.toThrow(/damaged: pg_restore failed/);
    const flipped = await lab.resealed('backup-20200105T000000Z', (dump) => {
      const copy = Buffer.from(dump);
      const frame = copy.lastIndexOf(Buffer.from('28b52ffd', 'hex'));
      copy[frame + 1] = copy[frame + 1]! ^ 0xff;
      return copy;
    });
    await expect(verifyBackup(lab.vault, flipped)).rejects.toThrow(/damaged: pg_restore failed/);
    // One that pg_restore reads, too: zstd's frames and the table of contents have no checksum.
    const weaker = await lab.resealed('backup-20200109T000000Z', (dump) => {
      const copy = Buffer.from(dump);
      copy.write('NO FO', copy.indexOf('FORCE ROW LEVEL SECURITY'));
      return copy;
    });
    await expect(verifyBackup(lab.vault, weaker)).rejects.toThrow('damaged: it is not what pg_dump wrote');
  });

  it('by another key', async () => {
    const other = { ...lab.vault, key: backupKey(randomBytes(32)) };
    await expect(verifyBackup(other, await lab.backupNamed(lab.made.name))).rejects.toThrow(
      'with another key than BACKUP_KEY',
    );
  });

  it('by its age, or by facts that never came', async () => {
    const later = Date.now() + 48 * 3_600_000;
    await expect(findBackup(lab.vault.store, undefined, later)).rejects.toThrow(/48 hours old .*: the nightly run/);
    copyFileSync(join(lab.folder, dumpOf(lab.made.name)), join(lab.folder, dumpOf('backup-20400101T000000Z')));
    expect((await findBackup(lab.vault.store, undefined)).name).toBe(lab.made.name);
    rmSync(join(lab.folder, dumpOf('backup-20400101T000000Z')));
  });
});

describe('a drill turns red', () => {
  it('when a role is missing', async () => {
    const backup = await lab.spoilt('backup-20200106T000000Z', {
      facts: (facts) => {
        facts.roles = facts.roles.filter(({ name }) => name !== 'mqtt_ingest');
      },
    });
    await expect(drill(lab.vault, backup, quiet)).rejects.toThrow(/as it was: .*role "mqtt_ingest" does not exist/);
  });

  it('when a policy, a grant, FORCE, a function, a row or a value is missing or another', async () => {
    // The dump of a database that lacks them, under the facts of one that has them.
    const url = await makeDatabase(lab.url);
    await restoreInto({ url }, lab.vault, lab.made.name, await lab.facts());
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
    const other = { ...lab.vault, store: folderStore(elsewhere) };
    const { name } = await makeBackup(lab.readerOf(url), other, quiet);
    const { sha256 } = await verifyBackup(other, await findBackup(other.store, name));
    const backup = await lab.spoilt('backup-20200107T000000Z', {
      dump: (file) => copyFileSync(join(elsewhere, dumpOf(name)), file),
      facts: (facts) => {
        facts.sha256 = sha256;
      },
    });
    rmSync(elsewhere, { recursive: true });
    const { problems } = await drill(lab.vault, backup, quiet);
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
