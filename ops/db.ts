// `ops db`: the database's schema and logins.
import { text } from 'node:stream/consumers';
import { Command, Option } from 'commander';
import { applyMigrations } from '../provisioning/database/apply.ts';
import { describeDatabase, withConnection } from '../provisioning/database/connect.ts';
import { lintDatabase } from '../provisioning/database/lint.ts';
import { LOGIN_ROLES, setLogin } from '../provisioning/database/login.ts';
import { activityCommand, endCommand } from './db-activity.ts';
import { packCommand } from './db-pack.ts';
import { sizeCommand } from './db-size.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

/** The `db` command. */
export function dbCommand(): Command {
  return new Command('db')
    .description("the database's schema, its rules, logins, and what it is doing")
    .addCommand(apply())
    .addCommand(lint())
    .addCommand(login())
    .addCommand(activityCommand())
    .addCommand(endCommand())
    .addCommand(sizeCommand())
    .addCommand(packCommand());
}

function apply(): Command {
  return withTarget(new Command('apply'))
    .description("apply pending migrations; on a bare Postgres, make Supabase's roles first")
    .addHelpText('after', '\nExample:\n  npm run ops -- db apply --target dev')
    .action(async (options: TargetOptions) => {
      const { database } = findPlace(options);
      const { applied } = await applyMigrations(database, { log: (line) => console.log(line) });
      const where = describeDatabase(database);
      console.log(applied.length === 0 ? `${where} is up to date` : `${where}: ${applied.length} migrations applied`);
    });
}

function lint(): Command {
  return withTarget(new Command('lint'))
    .description('check grants, row-level security and functions of the live schema; exit code 1 if a rule is broken')
    .action(async (options: TargetOptions) => {
      const { database } = findPlace(options);
      const findings = await withConnection(database, lintDatabase);
      for (const { rule, object } of findings) console.log(`${object}: breaks the rule "${rule}"`);
      if (findings.length > 0)
        throw new Error(`the schema of ${describeDatabase(database)} breaks its rules, see above`);
      console.log(`${describeDatabase(database)}: every rule holds`);
    });
}

function login(): Command {
  return withTarget(new Command('login'))
    .description('let a role log in, with the password from standard input')
    .addOption(new Option('--role <role>', 'which role').choices(LOGIN_ROLES).makeOptionMandatory())
    .addHelpText('after', '\nExample:\n  npm run ops -- db login --role mqtt_ingest < password.txt')
    .action(async ({ role, ...options }: TargetOptions & { role: string }) => {
      if (process.stdin.isTTY) {
        throw new Error('give the password on standard input, from a file or a pipe: ... < password.txt');
      }
      const password = (await text(process.stdin)).replace(/\r?\n$/, '');
      await withConnection(findPlace(options).database, (client) => setLogin(client, role, password));
      console.log(`${role} may log in`);
    });
}
