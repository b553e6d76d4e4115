// One Deploy of a package to a Flex Consumption app, by the Azure CLI. What the CLI says of it is not the last word: it calls
// deployments failed that went well, and well what is not in force yet. So the app is asked which package it runs.
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnProblem } from '../spawn-problem.ts';

/** What goes where. */
export interface AppPackage {
  subscription: string;
  resourceGroup: string;
  app: string;
  /** Path of a .zip, named by the package's id. */
  package: string;
}

/** How long to go on. The pauses grow: each is twice the one before. Milliseconds. */
export interface Patience {
  /** At least 1. */
  tries: number;
  firstPauseMs: number;
  longestPauseMs: number;
  /** How long the CLI may take for one answer. */
  answerMs: number;
}

/** Azure takes up to ten minutes until a new identity may write into its storage ("Troubleshoot Azure RBAC"). */
const TWELVE_MINUTES: Patience = {
  tries: 15,
  firstPauseMs: 10_000,
  longestPauseMs: 60_000,
  answerMs: 900_000,
};

/** What a new app says until its identity's role is in force, as storage refuses it, and its deployment endpoint runs. */
const NOT_READY =
  /\b50[23]\b|Storage responded with Forbidden|AuthorizationPermissionMismatch|not authorized to perform this operation/;
/** What Azure says to whoever deploys without the role for it: waiting gives them none. */
const NO_ROLE = /\b403\b|Forbidden|AuthorizationFailed|does not have authorization to perform action/;
/** What the endpoint says when it restarts in the middle of a deployment or has another one (Azure/azure-cli#33184). */
const INTERRUPTED = /partially successful|Kudu has been restarted|another deployment (is )?in progress/i;
const NOT_SIGNED_IN = /az login/;

/** @throws Error that says what to do. */
export async function deployFunctions(what: AppPackage, patience = TWELVE_MINUTES): Promise<void> {
  const id = basename(what.package, '.zip');
  let isTaken = false;
  let pauseMs = patience.firstPauseMs;
  for (let left = patience.tries - 1; ; left--) {
    const refusal: string | undefined = isTaken ? undefined : upload(what, patience);
    if (refusal !== undefined && !NOT_READY.test(refusal) && !INTERRUPTED.test(refusal)) throw refused(what, refusal);
    isTaken = refusal === undefined;
    // After an interruption it may run all the same.
    const answer = isTaken || INTERRUPTED.test(refusal ?? '') ? ask(what, id, patience) : undefined;
    if (answer?.isRunning) return console.log(`${what.app} runs ${what.package}`);
    if (isTaken && answer?.isSilent) {
      return console.log(
        `${what.app} has taken ${what.package}; it ${answer.problem}, so nobody knows whether it runs it`,
      );
    }
    if (left === 0) throw isTaken ? new Error(`${what.app} ${answer?.problem}`) : refused(what, refusal ?? '');
    const problem = isTaken ? answer?.problem : 'is not ready for a package yet';
    console.error(`${what.app} ${problem}; again in ${pauseMs / 1000} s`);
    await sleep(pauseMs);
    pauseMs = Math.min(2 * pauseMs, patience.longestPauseMs);
  }
}

function refused(what: AppPackage, said: string): Error {
  if (NOT_SIGNED_IN.test(said)) {
    return new Error(
      `the Azure CLI is not signed in: az login (in a workflow: azure/login), then run pulumi up again\n${said}`,
    );
  }
  if (NO_ROLE.test(said) && !NOT_READY.test(said)) return withoutRole(what, 'deploy to', said);
  return new Error(`${what.app} did not take the package:\n${said}`);
}

/** Website Contributor may do both: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/web-and-mobile */
function withoutRole({ app, resourceGroup }: AppPackage, action: string, said: string): Error {
  return new Error(
    `whoever is signed in may not ${action} ${app}: grant them Website Contributor (or Contributor) on the resource group ` +
      `${resourceGroup}, wait ten minutes until it is in force, then run pulumi up again\n${said}`,
  );
}

/** @returns what the CLI complained of; undefined when it is content. */
function upload(what: AppPackage, patience: Patience): string | undefined {
  const { status, stderr } = az(what, patience, 'functionapp deployment source config-zip', [
    '--src',
    what.package,
    '--build-remote',
    'false',
  ]);
  return status === 0 ? undefined : stderr.trim();
}

/** Whether the app runs the package; what it does instead. */
interface Answer {
  isRunning?: boolean;
  /** There was nothing to see it by. Then the CLI's word is the only one. */
  isSilent?: boolean;
  problem?: string;
}

/** @throws Error when whoever asks may not. */
function ask(what: AppPackage, id: string, patience: Patience): Answer {
  // Each trigger says the package it came with (functions/runtime/package-id.ts).
  const query = ['--query', '[].config.bindings[].packageId', '--output', 'json'];
  const { status, stdout, stderr } = az(what, patience, 'functionapp function list', query);
  if (status !== 0 && NO_ROLE.test(stderr)) throw withoutRole(what, 'list the functions of', stderr.trim());
  if (status !== 0) return { problem: `does not say what it runs: ${stderr.trim()}` };
  const running = listOf(stdout);
  if (running === undefined) return { isSilent: true, problem: 'has no list of its functions' };
  if (running.includes(id)) return { isRunning: true };
  return { problem: `does not run ${id} but ${running[0] ?? 'a package that does not say what it is'}` };
}

function listOf(json: string): string[] | undefined {
  try {
    const list = JSON.parse(json);
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

function az(what: AppPackage, { answerMs }: Patience, command: string, options: string[]) {
  const { subscription, resourceGroup, app } = what;
  const place = ['--subscription', subscription, '--resource-group', resourceGroup, '--name', app];
  const words = [...command.split(' '), ...place, ...options];
  const { error, ...result } = spawnSync('az', words, { encoding: 'utf8', timeout: answerMs });
  if (error && 'code' in error && error.code === 'ETIMEDOUT') {
    throw new Error(
      `az ${command} gave no answer for ${app} in ${answerMs / 1000} s: look at the app, then run pulumi up again`,
    );
  }
  if (error) {
    const missing =
      'the az command was not found: install the Azure CLI (learn.microsoft.com/cli/azure), then run pulumi up again';
    throw spawnProblem(error, missing);
  }
  return result;
}
