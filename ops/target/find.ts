// Which platform a command works on: its options, and the one answer.
import { type Command, Option } from 'commander';
import { addressOf, type DatabaseAccess, describeDatabase } from '../../provisioning/database/connect.ts';
import { composeTarget } from './compose.ts';
import { localTarget } from './local.ts';
import { stackTarget } from './stack.ts';
import type { Target } from './target.ts';

/** `--target`. @param otherwise the default, for the help. */
export const targetOption = (otherwise?: string) =>
  new Option(
    '--target <platform>',
    `local, local:NAME, compose:FOLDER, or the name of a stack${otherwise ? ` (default: ${otherwise})` : ''}`,
  );

/**
 * Finds the platform that `--target` names.
 * @throws Error that says which local platform to start, or what a platform's name looks like. Whether a stack of this name exists
 *   shows when the target is first used.
 */
export function findTarget(name: string, env: NodeJS.ProcessEnv = process.env): Target {
  const [kind, rest] = name.split(/:(.*)/s);
  if (kind === 'local' && rest !== '') return localTarget(name);
  if (kind === 'compose' && rest !== '') return composeTarget(name);
  if (kind && rest === undefined) return stackTarget(name, env);
  throw new Error(`--target ${JSON.stringify(name)}: give local, local:NAME, compose:FOLDER, or the name of a stack`);
}

/** What {@link withTarget} adds. */
export interface TargetOptions {
  target?: string;
  /** Older options, for `--target local:NAME` and for DATABASE_URL. */
  local?: string;
  url?: string;
}

/** The options of a command that works on a platform's database; the help does not show the two older ones. */
export const withTarget = (command: Command): Command =>
  command
    .addOption(targetOption('the database in DATABASE_URL, or else the local platform').conflicts(['local', 'url']))
    .addOption(new Option('--local <name>').hideHelp().conflicts('url'))
    .addOption(new Option('--url <url>').hideHelp());

/** A database, and its platform if that is known. */
export interface Place {
  database: DatabaseAccess;
  platform?: Target;
}

/**
 * The database that a command works on. If it belongs to a platform, standard error says which database that is.
 * @throws Error that says what to start or to set.
 */
export function findPlace({ target, local, url }: TargetOptions, env: NodeJS.ProcessEnv = process.env): Place {
  if (url !== undefined) {
    if (addressOf(url).password !== '') {
      console.error('warning: every user of this machine can read the password in --url; set DATABASE_URL instead');
    }
    return { database: { url } };
  }
  const name = local === undefined ? target : `local:${local}`;
  if (name === undefined && env.DATABASE_URL) return { database: { url: env.DATABASE_URL } };
  const platform = findTarget(name ?? 'local', env);
  const database = platform.database();
  console.error(`${platform.name}: ${describeDatabase(database)}`);
  return { database, platform };
}
