// `ops compose`: the platform in containers on this host: start, look after, update.
import { Command } from 'commander';
import { startProject } from './compose/start.ts';
import { findTarget } from './target/find.ts';
import type { ComposeTarget } from './target/target.ts';

interface Options {
  target: string;
}

const log = (line: string) => console.error(line);

/** The `compose` command. */
export function composeCommand(): Command {
  const command = new Command('compose').description('the platform in containers on this host: docs/on-premises.md');
  const add = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .option('--target <project>', 'compose:FOLDER', 'compose');
  add('start', 'make what is missing, start every container, and wait until all are healthy')
    .action(async ({ target }: Options) => startProject(composeOf(target), log));
  return command;
}

/** @throws Error unless it is a Compose project. */
function composeOf(name: string): ComposeTarget {
  const target = findTarget(name);
  if (target.kind !== 'compose') throw new Error(`--target ${name}: give compose:FOLDER, the folder of a Compose project`);
  return target;
}
