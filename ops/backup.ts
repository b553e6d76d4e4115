// `ops backup`, `ops restore`, `ops restore-drill`: copies of the database that can be relied on.
import { Command } from 'commander';
import { inTransaction, withConnection } from '../provisioning/database/connect.ts';
import { withAppStopped } from './backup/app.ts';
import { findBackup, listBackups, makeBackup, rowsOf, type Vault, verifyBackup } from './backup/backup.ts';
import { compareFacts, readFacts } from './backup/facts.ts';
import { restoreInto } from './backup/restore.ts';
import { confirmTarget } from './confirm.ts';
import { openStore } from './store.ts';
import { findTarget, targetOption } from './target/find.ts';
import type { Backups, Target } from './target/target.ts';

const log = (line: string) => console.error(line);

interface Options {
  target?: string;
}

/** The `backup` command. */
export function backupCommand(): Command {
  return new Command('backup')
    .description('encrypted copies of the database: make one, list them, read one back')
    .addCommand(runCommand())
    .addCommand(listCommand())
    .addCommand(verifyCommand())
    .addHelpText(
      'after',
      `
Without --target, three environment variables are enough, so any timer can run
it: DATABASE_URL with the role backup_reader, BACKUP_STORE (a folder, or
https://ACCOUNT.blob.core.windows.net/CONTAINER), and BACKUP_KEY.

Examples:
  npm run ops -- backup run --target local
  npm run ops -- backup list --target prod
  npm run ops -- backup verify --target prod backup-20261130T021500Z`,
    );
}

function runCommand(): Command {
  return new Command('run')
    .description('dump the database, read the dump back as it is stored, remove old ones')
    .addOption(targetOption('the environment variables'))
    .action(async (options: Options) => {
      const { backups, vault } = await findVault(options);
      const { name, bytes, rows, removed } = await makeBackup(backups.reader, vault, log);
      console.log(`${name}: ${rows} rows, ${bytes} bytes in ${vault.store.where}, read back whole`);
      if (removed.length > 0) console.log(`removed: ${removed.join(', ')}`);
    });
}

function listCommand(): Command {
  return new Command('list')
    .description('backups, newest first, and restore drills')
    .addOption(targetOption('the environment variables'))
    .option('--json', 'as JSON')
    .action(async ({ json, ...options }: Options & { json?: true }) => {
      const { backups, vault } = await findVault(options);
      const listed = await listBackups(vault.store);
      const drills = await withConnection(backups.reader, async (client) => {
        const { rows } = await client.query<{ name: string; ended_at: Date; problem: string | null }>(
          "select name, ended_at, problem from ingest.backups where kind = 'drill' order by ended_at desc limit 5",
        );
        return rows;
      });
      if (json) console.log(JSON.stringify({ backups: listed, drills }, null, 2));
      else {
        for (const { name, bytes, isGood } of listed)
          console.log(`${name}  ${bytes} bytes${isGood ? '' : '  not finished, not a backup'}`);
        if (listed.length === 0) console.log(`no backup in ${vault.store.where}`);
        for (const { name, ended_at: at, problem } of drills)
          console.log(`drill ${at.toISOString()}  ${name}  ${problem ?? 'everything equal'}`);
        if (drills.length === 0) console.log('no restore drill yet: npm run ops -- restore-drill');
      }
    });
}

function verifyCommand(): Command {
  return new Command('verify')
    .description('read a backup to its end as it is stored; exit code 1 if it is damaged, or the newest is overdue')
    .argument('[backup]', 'its name; the newest good one without')
    .addOption(targetOption('the environment variables'))
    .action(async (name: string | undefined, options: Options) => {
      const { vault } = await findVault(options);
      const backup = await findBackup(vault.store, name);
      const facts = await verifyBackup(vault, backup);
      console.log(`${backup.name}: ${backup.bytes} bytes, ${rowsOf(facts)} rows, whole`);
    });
}

/** The `restore-drill` command. */
export function restoreDrillCommand(): Command {
  return new Command('restore-drill')
    .description(
      'restore a backup into a scratch server on this machine, compare, and record the result; exit code 1 if anything differs',
    )
    .argument('[backup]', 'its name; the newest good one without')
    .addOption(targetOption('the environment variables'))
    .action(async (name: string | undefined, options: Options) => {
      const { backups, vault } = await findVault(options);
      const backup = await findBackup(vault.store, name);
      // Only here: it brings a Postgres server.
      const { recordedDrill } = await import('./backup/drill.ts');
      console.log(await recordedDrill(backups.reader, vault, backup, log));
    });
}

/** The `restore` command. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description("replace a platform's database by a backup; what was written since is lost")
    .argument('[backup]', 'its name; the newest good one without')
    .addOption(targetOption().makeOptionMandatory())
    .option('--confirm <target>', 'the name of the target, instead of typing it')
    .option('--without-backup', 'do not make a backup of what is there first: when that is not possible any more')
    .action(async (name: string | undefined, options: RestoreOptions) => {
      const { backups, vault, target } = await findVault(options);
      if (!target) throw new Error('name the platform with --target');
      const backup = await findBackup(vault.store, name);
      const facts = await verifyBackup(vault, backup);
      console.error(`${target.name}: everything written since ${facts.startedAt} will be lost`);
      await confirmTarget(target.name, options.confirm);
      const database = target.database();
      if (!options.withoutBackup) {
        const { name: before } = await makeBackup(backups.reader, vault, log);
        log(`${before} is what was there before`);
      }
      let problems: string[] = [];
      const work = async () => {
        log(`restoring ${rowsOf(facts)} rows`);
        await restoreInto(database, vault, backup.name, facts);
        const found = await withConnection(database, (client) => inTransaction(client, () => readFacts(client)));
        // Roles that were made since belong to the server, and stay.
        problems = compareFacts(facts, found).filter((problem) => !/^one too many: (role|membership) /.test(problem));
      };
      await withAppStopped(target, database, work, log);
      for (const problem of problems) console.log(problem);
      if (problems.length > 0) throw new Error(`restored, but not all is what was backed up: see above`);
      console.log(`${target.name} is as it was at ${facts.startedAt}`);
    });
}

interface RestoreOptions extends Options {
  confirm?: string;
  withoutBackup?: true;
}

/** @throws Error that says what to set. */
async function findVault({ target: name }: Options): Promise<{ backups: Backups; vault: Vault; target?: Target }> {
  const target = name === undefined && process.env.BACKUP_STORE ? undefined : findTarget(name ?? 'local');
  const backups = target ? target.backups() : ofEnvironment(process.env);
  const vault = { store: await openStore(backups.store), key: backups.key };
  return { backups, vault, ...(target ? { target } : {}) };
}

function ofEnvironment({
  DATABASE_URL: url,
  BACKUP_STORE: store,
  BACKUP_KEY: key,
  DATABASE_CA: ca,
}: NodeJS.ProcessEnv): Backups {
  if (!url || !store || !key)
    throw new Error('set DATABASE_URL, BACKUP_STORE and BACKUP_KEY, or name a platform with --target');
  return { reader: { url, ca: ca || undefined }, store, key };
}
