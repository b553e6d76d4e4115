// `npm run preview`: the command line of the offline preview.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { colorsFor } from '../bootstrap/colors.ts';
import { ROOT } from '../bootstrap/root.mjs';
import { formatPlan } from './plan.ts';
import { mandatoryAmong } from './policy/violation.ts';
import { type Preview, preview, writeSnapshot } from './preview.ts';
import { Refusal } from './refusal.ts';
import { renderReport } from './render/report.ts';
import { count, makeStyle } from './render/style.ts';

const OK = 0;
const FAILED = 1;
const USAGE = 2;

/** Interval between progress messages. */
const PROGRESS_MS = 2_000;

interface Arguments {
  stack: string;
  json?: string;
  updateSnapshot?: true;
  policyPack?: string;
  policyPackConfig?: string;
  policies: boolean;
  cwd: string;
  debug?: true;
}

/** Runs the command. @returns the exit code. */
export async function main(argv: string[]): Promise<number> {
  let args: Arguments;
  try {
    args = parseArguments(argv);
  } catch (error) {
    // commander has already printed its help or the error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? OK : USAGE;
    throw error;
  }
  try {
    return await run(args);
  } catch (error) {
    const { message, stack } = error as Error;
    console.error(`error: ${args.debug ? stack : message}`);
    return error instanceof Refusal ? USAGE : FAILED;
  }
}

async function run(args: Arguments): Promise<number> {
  const progress = startProgress();
  let result: Preview;
  try {
    result = await preview({
      stack: args.stack,
      root: args.cwd,
      ...(args.policies ? (args.policyPack ? { policyPack: resolve(args.policyPack) } : {}) : { policyPack: false }),
      ...(args.policyPackConfig ? { policyPackConfig: resolve(args.policyPackConfig) } : {}),
      ...(args.debug ? { debug: true } : {}),
      onProgress: progress.report,
    });
  } finally {
    progress.stop();
  }
  // `--json -` leaves standard output to the plan.
  const out = args.json === '-' ? process.stderr : process.stdout;
  const style = makeStyle(colorsFor(out));
  out.write(renderReport(result, style, args.cwd));
  if (args.json === '-') process.stdout.write(formatPlan(result.plan));
  else if (args.json) writeFileSync(args.json, formatPlan(result.plan));
  if (args.updateSnapshot) {
    writeSnapshot(result);
    out.write(`Wrote ${result.snapshotPath}.\n`);
  }
  return mandatoryAmong(result.policies?.violations).length > 0 ? FAILED : OK;
}

function parseArguments(argv: string[]): Arguments {
  const command = new Command('npm run preview --')
    .description(
      'Shows what the Pulumi program would deploy, and the policy results, without an account, an engine ' +
        'binary, a network or secrets. Compares the plan with the committed snapshot stacks/snapshots/<stack>.json.',
    )
    .requiredOption('-s, --stack <name>', 'the name of the stack, as in Pulumi.<name>.yaml')
    // The commands of ops/ call it --target.
    .addOption(new Option('--target <name>').hideHelp())
    .on('option:target', function (this: Command, name: string) {
      this.setOptionValue('stack', name);
    })
    .option('--json <file>', 'write the plan to a file, with secrets redacted; - for standard output')
    .option('--update-snapshot', 'write this plan as the new snapshot')
    .option('--policy-pack <folder>', 'run this policy pack (default: policies)')
    .option('--policy-pack-config <file>', 'configuration of its policies, in the format of the Pulumi CLI')
    .option('--no-policies', 'do not run a policy pack')
    .option('--cwd <folder>', 'the folder that holds Pulumi.yaml (default: this repository)')
    .option('--debug', 'show errors with stack traces')
    .addHelpText(
      'after',
      `
Examples:
  npm run preview -- --stack dev                      resource tree, changes, policy results
  npm run preview -- --stack prod --json plan.json    write the plan for another tool
  npm run preview -- --stack dev --update-snapshot    accept the changes

Exit codes:
  0  done, with or without changes
  1  a mandatory policy is violated, or the program or the policy pack failed
  2  invalid arguments or files`,
    )
    .allowExcessArguments(false)
    .showHelpAfterError('(use --help to list the options)')
    .exitOverride()
    .parse(argv, { from: 'user' });
  const options = command.opts<Omit<Arguments, 'cwd'> & { cwd?: string }>();
  return { ...options, cwd: resolve(options.cwd ?? ROOT) };
}

/** Prints the number of resources to standard error at intervals. */
function startProgress() {
  let resources = 0;
  const timer = setInterval(() => console.error(`... ${count(resources, 'resource')} so far`), PROGRESS_MS);
  return {
    report: (number: number) => {
      resources = number;
    },
    stop: () => clearInterval(timer),
  };
}
