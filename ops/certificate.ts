// `ops certificate`: how long the broker's certificate is valid, and its renewal.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Command } from 'commander';
import { probe } from './certificate/probe.ts';
import { type Run, renew } from './certificate/renew.ts';
import { describe, judge } from './certificate/status.ts';
import { findTarget, targetOption } from './target/find.ts';

interface Options {
  target: string;
  json?: true;
}

/** The `certificate` command. */
export function certificateCommand(): Command {
  return new Command('certificate')
    .description("the broker's certificate: how long it is valid, and its renewal")
    .addCommand(
      withTarget(new Command('status'))
        .description('show the certificate that the broker serves; exit code 1 if somebody has to act')
        .option('--json', 'as JSON')
        .action(status),
    )
    .addCommand(
      withTarget(new Command('renew'))
        .description('renew it now, without a restart, and wait until the broker serves it')
        .action(async ({ target }: Options) => {
          const broker = findTarget(target).broker();
          console.log(describe(judge(await renew(broker, runHere), broker, Date.now())));
        }),
    );
}

const withTarget = (command: Command) => command.addOption(targetOption().default('local'));

async function status({ target, json }: Options): Promise<void> {
  const broker = findTarget(target).broker();
  const verdict = judge(await probe(broker), broker, Date.now());
  console.log(json ? JSON.stringify(verdict, null, 2) : describe(verdict));
  if (!verdict.ok) process.exitCode = 1;
}

/** In this terminal: Pulumi asks for confirmation, and ssh may ask for a passphrase. */
const runHere: Run = async (program, args) => {
  console.log(`$ ${[program, ...args].join(' ')}`);
  const [code] = await once(spawn(program, args, { stdio: 'inherit' }), 'exit');
  return Number(code ?? 1);
};
