// `npm run doctor`: what is missing for a deployment from this machine, one line each. Changes nothing.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { colorsFor } from '../bootstrap/colors.ts';
import { ROOT } from '../bootstrap/root.mjs';
import { azureChecks, signIn } from './doctor/azure.ts';
import { examine, examineEnvironment } from './doctor/configuration.ts';
import { type Check, type Finding, type Mark, unknown } from './doctor/finding.ts';
import { nameChecks } from './doctor/names.ts';
import { examinePackages, machineCheck } from './doctor/packages.ts';
import { reachChecks } from './doctor/reach.ts';
import { toolChecks } from './doctor/tools.ts';

interface Options {
  target: string;
  json?: true;
  cwd: string;
}

/** Longest time without output. */
const PROGRESS_MS = 2_000;

/** Makes all checks and passes on each result, in order, as soon as it is there. */
async function examineAll(root: string, stack: string, tell: (finding: Finding) => void): Promise<Finding[]> {
  const findings: Finding[] = [];
  const say = (finding: Finding) => {
    findings.push(finding);
    tell(finding);
  };
  const waiting = new Set<string>();
  const start = ({ name, run }: Check) => {
    waiting.add(name);
    return run().finally(() => waiting.delete(name));
  };
  const progress = setInterval(() => console.error(`... waiting for ${[...waiting].join(', ')}`), PROGRESS_MS);
  try {
    const { config, findings: configuration } = examine(root, stack);
    const tools = toolChecks(stack).map(start);
    const login = signIn();
    const azure = start({ name: 'az sign-in', run: async () => (await login).finding });
    const reach = config ? reachChecks(config).map(start) : [];
    for (const tool of tools) say(await tool);
    for (const finding of configuration) say(finding);
    if (config) say(examineEnvironment(config));
    if (config) say(examinePackages(config));
    say(await azure);
    const { subscription } = await login;
    if (config && subscription) {
      const checks = [...azureChecks(config), ...nameChecks(config, subscription), machineCheck(config, subscription)];
      const asked = checks.map(start);
      for (const answer of asked) say(await answer);
    } else {
      const why = config ? 'needs an Azure sign-in' : 'needs a valid configuration';
      for (const name of ['resource providers', 'region', 'names']) say(unknown(name, why));
      if (!config) say(unknown('DNS zone and database', why));
    }
    for (const answer of reach) say(await answer);
    return findings;
  } finally {
    clearInterval(progress);
  }
}

function show({ mark, check, seen, remedy }: Finding): void {
  const { green, yellow, red, dim } = colorsFor(process.stdout);
  const marks: Record<Mark, string> = {
    ok: green('ok      '),
    warning: yellow('warning '),
    failed: red('failed  '),
    unknown: dim('unknown '),
  };
  console.log(`${marks[mark]} ${`${check}:`.padEnd(20)} ${seen}${remedy ? `\n${' '.repeat(30)}${remedy}` : ''}`);
}

function summarise(findings: Finding[]): string {
  const count = (mark: Mark) => findings.filter((finding) => finding.mark === mark).length;
  const unmade = count('unknown');
  const parts = [
    `${count('ok')} ok`,
    `${count('warning')} ${count('warning') === 1 ? 'warning' : 'warnings'}`,
    `${count('failed')} failed`,
  ];
  return `\n${parts.join(', ')}${unmade > 0 ? `, ${unmade} could not be checked from here` : ''}`;
}

async function main({ target: stack, json, cwd }: Options): Promise<number> {
  if (!existsSync(join(cwd, `Pulumi.${stack}.yaml`))) {
    console.error(`error: there is no stack "${stack}": Pulumi.${stack}.yaml does not exist in ${cwd}`);
    return 2;
  }
  const findings = await examineAll(cwd, stack, json ? () => {} : show);
  console.log(json ? JSON.stringify(findings, null, 2) : summarise(findings));
  return findings.some(({ mark }) => mark === 'failed') ? 1 : 0;
}

const command: Command = new Command('npm run doctor --')
  .description(
    'Checks whether a stack can be deployed from here: tools, sign-ins, configuration, region, names, database.',
  )
  .option('--target <stack>', 'the stack, by its file Pulumi.<name>.yaml', 'dev')
  // Its former name.
  .addOption(new Option('-s, --stack <name>').hideHelp())
  .on('option:stack', (name: string) => command.setOptionValue('target', name))
  .option('--json', 'the findings as JSON: mark (ok, warning, failed, unknown), check, seen, remedy')
  .option('--cwd <folder>', 'the folder that holds Pulumi.yaml', ROOT)
  .addHelpText('after', '\nExit codes: 0 no failures, 1 at least one failure, 2 the command was not understood.')
  .allowExcessArguments(false)
  .showHelpAfterError('(--help shows the options)')
  .exitOverride();
try {
  process.exitCode = await main(command.parse().opts<Options>());
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
