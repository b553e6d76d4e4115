// `ops rotate`: replaces the key of a service without an outage.
import { Command, Option } from 'commander';
import { colorsFor } from '../bootstrap/colors.ts';
import { ingestUsername, type ServicePurpose } from '../provisioning/broker/registry.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { endControlAccounts, upsertServiceAccount } from '../provisioning/database/registry.ts';
import { dueCommand } from './rotate/due.ts';
import type { Account, Environment } from './rotate/environment.ts';
import { localEnvironment } from './rotate/local.ts';
import { stackEnvironment } from './rotate/stack.ts';
import { type Goal, stepsTo } from './rotate/steps.ts';
import { findTarget, targetOption } from './target/find.ts';

interface Options {
  target: string;
  back?: true;
  finish?: true;
  dryRun?: true;
}

/** The `rotate` command. */
export function rotateCommand(): Command {
  return new Command('rotate')
    .description('replace the key of a service without an outage')
    .addCommand(dueCommand())
    .addCommand(
      new Command('ingest')
        .description("ingest's account on the broker: switch to its next generation; both are in force until --finish")
        .addOption(targetOption().default('local'))
        .option('--back', 'roll back to the previous generation; possible until --finish')
        .addOption(
          new Option('--finish', 'end the rotation: the broker refuses the unused generation').conflicts('back'),
        )
        .option('--dry-run', 'show the steps, and which are done, without doing any')
        .addHelpText(
          'after',
          `
Interrupted, it goes on where it was when it is run again.

Examples:
  npm run ops -- rotate ingest
  npm run ops -- rotate ingest --back
  npm run ops -- rotate ingest --finish
  npm run ops -- rotate ingest --target dev --dry-run

A stack's accounts are entered in the database in DATABASE_URL.`,
        )
        .action(rotateIngest),
    );
}

/** The `accounts` command. */
export function accountsCommand(): Command {
  return new Command('accounts')
    .description("register a deployment's own broker accounts, if pulumi up does not (deployDatabase: false)")
    .addOption(targetOption().makeOptionMandatory())
    .addHelpText(
      'after',
      '\nThey are entered in the database in DATABASE_URL.\n\nExample:\n  npm run ops -- accounts --target dev',
    )
    .action(async ({ target }: Options) => {
      const { database, configured, key, control } = findEnvironment(target);
      const enter = async (purpose: ServicePurpose, account: Account) => {
        await withConnection(database, (client) => upsertServiceAccount(client, { ...account, purpose }));
        console.log(`${account.username} is in the registry`);
      };
      for (const generation of configured().inForce)
        await enter('ingest', { username: ingestUsername(generation), key: key(generation) });
      const account = control?.();
      if (!account) return;
      await enter('control', account);
      await withConnection(database, (client) => endControlAccounts(client, [account.username]));
    });
}

async function rotateIngest({ target, back, finish, dryRun }: Options): Promise<void> {
  const environment = findEnvironment(target);
  const goal: Goal = back ? 'back' : finish ? 'finish' : 'next';
  const colors = colorsFor(process.stdout);
  for (const { title, isDone, carryOut } of await stepsTo(goal, environment)) {
    const done = await isDone();
    if (dryRun) {
      console.log(`${done ? colors.green('done ') : colors.yellow('to do')} ${title}`);
      continue;
    }
    if (!done) await carryOut();
    console.log(`${colors.green('✓')} ${title}${done ? colors.dim(' (unchanged)') : ''}`);
  }
  if (!dryRun && goal !== 'finish') console.log(`\n${whatNow(environment, goal)}`);
}

function findEnvironment(name: string): Environment {
  const target = findTarget(name);
  if (target.kind === 'compose')
    throw new Error(`${name}: keys are rotated in ${target.secrets.folder}: docs/on-premises.md, "Other keys"`);
  return target.kind === 'local' ? localEnvironment(target) : stackEnvironment(target);
}

function whatNow({ target, configured }: Environment, goal: Goal): string {
  const command = `npm run ops -- rotate ingest --target ${target}`;
  const other = configured().inForce.filter((generation) => generation !== configured().generation);
  const undo = goal === 'next' ? `${command} --back` : command;
  return `Generation ${other.join()} is still in force. To return to it: ${undo}\nTo end it: ${command} --finish`;
}
