// One Deploy of a package to a Flex Consumption app, by the Azure CLI.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnProblem } from '../spawn-problem.ts';

/** What goes where. */
export interface AppPackage {
  subscription: string;
  resourceGroup: string;
  app: string;
  /** Path of a .zip. */
  package: string;
}

/** How long to go on when a new environment is not ready yet. */
export interface Patience {
  /** Tries, at least 1. */
  tries: number;
  /** Between two tries, milliseconds. */
  pauseMs: number;
}

/** Azure takes up to ten minutes until a new identity may write into its storage ("Troubleshoot Azure RBAC"). */
const TWELVE_MINUTES: Patience = { tries: 25, pauseMs: 30_000 };

/** What a new app says until its identity's role is in force and its deployment endpoint runs. */
const NOT_READY = /\b(403|503)\b|Forbidden|AuthorizationPermissionMismatch|not authorized to perform this operation/;
const NOT_SIGNED_IN = /az login/;

/** @throws Error that says what to do. */
export async function deployFunctions(what: AppPackage, { tries, pauseMs } = TWELVE_MINUTES): Promise<void> {
  for (let left = tries - 1; ; left--) {
    const said = attempt(what);
    if (said === undefined) break;
    if (NOT_SIGNED_IN.test(said)) {
      throw new Error(
        `the Azure CLI is not signed in: az login (in a workflow: azure/login), then pulumi up again\n${said}`,
      );
    }
    if (left === 0 || !NOT_READY.test(said)) throw new Error(`${what.app} did not take the package:\n${said}`);
    console.error(`${what.app} is not ready for a package yet; again in ${pauseMs / 1000} s`);
    await sleep(pauseMs);
  }
  console.log(`${what.app} runs ${what.package}`);
}

/** @returns what the CLI complained of; undefined when the package is deployed and the app is healthy. */
function attempt({ subscription, resourceGroup, app, package: file }: AppPackage): string | undefined {
  const place = ['--subscription', subscription, '--resource-group', resourceGroup, '--name', app];
  const args = [
    'functionapp',
    'deployment',
    'source',
    'config-zip',
    ...place,
    '--src',
    file,
    '--build-remote',
    'false',
  ];
  const { error, status, stderr } = spawnSync('az', args, { encoding: 'utf8' });
  if (error) {
    const missing =
      'the az command was not found: install the Azure CLI (learn.microsoft.com/cli/azure), then pulumi up again';
    throw spawnProblem(error, missing);
  }
  return status === 0 ? undefined : stderr.trim();
}
