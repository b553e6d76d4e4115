// `ops compose`: the platform in containers on this host: start it, look after it, put another release into force.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { SERVICE_NAMES } from '../provisioning/compose/project.ts';
import { cleanUp } from './compose/clean.ts';
import { PATIENCE_S } from './compose/health.ts';
import { startProject } from './compose/start.ts';
import { statusOf } from './compose/status.ts';
import { rollBack, updateProject } from './compose/update.ts';
import { findTarget } from './target/find.ts';
import type { ComposeTarget } from './target/target.ts';

interface Options {
  target: string;
}

const log = (line: string) => console.error(line);

/** The `compose` command. */
export function composeCommand(): Command {
  const command = new Command('compose').description('the platform in containers on this host: docs/on-premises.md');
  const add = (name: string, description: string, work: (target: ComposeTarget) => void | Promise<void>) =>
    command
      .command(name)
      .description(description)
      .option('--target <project>', 'compose:FOLDER', 'compose')
      .action(async (options: Options) => work(composeOf(options)));
  add('start', 'make what is missing, start every container, and wait until all are healthy', (target) =>
    startProject(target, log),
  );
  add('stop', 'stop and remove every container; the data stays', ({ project }) => void project.compose(['down']));
  add('status', 'how the containers and the platform are; exit code 1 if something is wrong', async (target) => {
    const { lines, isWell } = await statusOf(target);
    for (const line of lines) console.log(line);
    if (!isWell) process.exitCode = 1;
  });
  const switching = (name: string, description: string, work: typeof updateProject) =>
    command
      .command(name)
      .description(description)
      .option('--target <project>', 'compose:FOLDER', 'compose')
      .option('--patience <seconds>', 'how long its containers may take to become healthy', String(PATIENCE_S))
      .action((options: Options & { patience: string }) => work(composeOf(options), Number(options.patience), log));
  switching(
    'update',
    'put the latest rendered release into force; if it is not healthy, the former one again',
    updateProject,
  );
  switching('rollback', 'put the former release into force again', rollBack);
  add('clean', 'free disk: images without a name and the build cache, nothing that runs or has a name', () =>
    cleanUp(log),
  );
  add(
    'letters',
    'what the sign-in service would mail, newest last: links to pass on, good for an hour',
    ({ project }) => {
      const folder = join(project.folder, 'letters');
      for (const name of readdirSync(folder).sort()) console.log(readFileSync(join(folder, name), 'utf8'));
    },
  );
  command
    .command('logs')
    .description('what the containers said, newest last')
    .argument('[services...]', `of ${SERVICE_NAMES.join(', ')}; all without`)
    .option('--target <project>', 'compose:FOLDER', 'compose')
    .option('--lines <n>', 'of each container', '100')
    .action((services: string[], { lines, ...options }: Options & { lines: string }) => {
      composeOf(options).project.compose(['logs', '--no-color', '--tail', lines, ...services]);
    });
  return command.addHelpText(
    'after',
    `
Examples:
  npm run ops -- render compose --out /srv/mqtt-saas
  npm run ops -- compose start --target compose:/srv/mqtt-saas
  npm run ops -- invite ann@example.com --tenant acme --role owner \\
    --create-tenant --target compose:/srv/mqtt-saas
  npm run ops -- compose status --target compose:/srv/mqtt-saas
  npm run ops -- restore --target compose:/srv/mqtt-saas`,
  );
}

/** @throws Error unless it is a Compose project. */
function composeOf({ target: name }: Options): ComposeTarget {
  const target = findTarget(name);
  if (target.kind !== 'compose')
    throw new Error(`--target ${name}: give compose:FOLDER, the folder of a Compose project`);
  return target;
}
