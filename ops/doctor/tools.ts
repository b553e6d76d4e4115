// Checks the programs that a deployment needs, and Pulumi's own sign-in.
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ROOT } from '../../bootstrap/root.mjs';
import { type Check, type Finding, failed, ok, unknown, warning } from './finding.ts';
import { ask, describe, run } from './run.ts';

const MINIMUM_NODE = 24;
/** First Azure CLI with Flex Consumption: `az functionapp list-flexconsumption-locations`. */
const MINIMUM_AZ = '2.62.0';

/** A version as the tools print it: `v3.270.0`, `git version 2.39.5`. */
const versionIn = (text: string) => /\d+\.\d+(?:\.\d+)?/.exec(text)?.[0];

/** True when `a` is `b` or newer. Missing parts are zeros. */
export function atLeast(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** The checks. @param stack the stack to deploy. */
export const toolChecks = (stack: string): Check[] => [
  { name: 'node', run: node },
  { name: 'git', run: git },
  { name: 'pulumi', run: pulumi },
  { name: 'pulumi sign-in', run: () => pulumiLogin(stack) },
  { name: 'az', run: az },
  { name: 'wrangler', run: wrangler },
];

/** The node that pulumi will find: not the one of the npm packages, which npm puts first while it runs a script. */
async function node(): Promise<Finding> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  const program = folders.map((folder) => join(folder, 'node')).find((path) => existsSync(path));
  const answer = program === undefined ? ({ kind: 'missing' } as const) : await run(program, ['--version']);
  const remedy = `pulumi starts the program with the node on your PATH: install ${MINIMUM_NODE} or newer from nodejs.org`;
  if (answer.kind !== 'done') return failed('node', describe('node', answer), remedy);
  const version = versionIn(answer.stdout) ?? '0';
  if (atLeast(version, String(MINIMUM_NODE))) return ok('node', version);
  return failed('node', `${version} is too old`, remedy);
}

async function git(): Promise<Finding> {
  const answer = await run('git', ['--version']);
  if (answer.kind === 'done') return ok('git', versionIn(answer.stdout) ?? 'here');
  return warning('git', describe('git', answer), 'install git: a changed stack file is to be committed');
}

async function pulumi(): Promise<Finding> {
  const wanted = sdkVersion();
  const answer = await run('pulumi', ['version']);
  const remedy = `install Pulumi ${wanted} or newer: https://www.pulumi.com/docs/iac/download-install/`;
  if (answer.kind !== 'done') return failed('pulumi', describe('pulumi', answer), remedy);
  const version = versionIn(answer.stdout) ?? '0';
  return atLeast(version, wanted)
    ? ok('pulumi', version)
    : failed('pulumi', `${version} is older than its SDK`, remedy);
}

const sdkVersion = () =>
  (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> })
    .devDependencies['@pulumi/pulumi']!;

async function pulumiLogin(stack: string): Promise<Finding> {
  const check = 'pulumi sign-in';
  const list = ['stack', 'ls', '--json', '--non-interactive'];
  const answer = await run('pulumi', list);
  if (answer.kind === 'missing') return unknown(check, 'pulumi is not installed');
  if (answer.kind !== 'done') {
    const remedy = "pulumi login 'azblob://state?storage_account=ACCOUNT', see docs/deploy.md";
    return failed(check, describe('pulumi', answer), remedy);
  }
  const stacks = stackNames(answer.stdout);
  if (!stacks) return unknown(check, `pulumi ${list.join(' ')} did not answer in JSON`, 'run it to see what it says');
  if (stacks.includes(stack)) return ok(check, `signed in, and there is a stack ${stack}`);
  const remedy = `pulumi stack init ${stack} --secrets-provider ..., see docs/deploy.md`;
  return warning(check, `signed in, but there is no stack ${stack} yet`, remedy);
}

/** The names printed by `pulumi stack ls --json`; undefined if the output is something else. */
function stackNames(text: string): string[] | undefined {
  try {
    // With Pulumi Cloud, the name begins with its organization.
    return (JSON.parse(text) as { name: string }[]).map(({ name }) => name.split('/').at(-1) ?? name);
  } catch {
    return undefined;
  }
}

async function az(): Promise<Finding> {
  const remedy = `install the Azure CLI ${MINIMUM_AZ} or newer: https://learn.microsoft.com/cli/azure/install-azure-cli`;
  try {
    const version = (await ask<Record<string, string>>('az', ['version', '--output', 'json']))['azure-cli'] ?? '0';
    return atLeast(version, MINIMUM_AZ) ? ok('az', version) : failed('az', `${version} is too old`, remedy);
  } catch (error) {
    return failed('az', (error as Error).message, remedy);
  }
}

async function wrangler(): Promise<Finding> {
  const answer = await run('wrangler', ['--version']);
  if (answer.kind === 'done') return ok('wrangler', versionIn(answer.stdout) ?? 'here');
  return warning('wrangler', describe('wrangler', answer), 'run npm ci, which installs it; it uploads the dashboard');
}
