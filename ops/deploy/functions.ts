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
}

/** Azure takes up to ten minutes until a new identity may write into its storage ("Troubleshoot Azure RBAC"). */
const TWELVE_MINUTES: Patience = { tries: 15, firstPauseMs: 10_000, longestPauseMs: 60_000 };

/** What a new app says until its identity's role is in force and its deployment endpoint runs. */
const NOT_READY =
  /\b(403|502|503)\b|Forbidden|AuthorizationPermissionMismatch|not authorized to perform this operation/;
/** What the endpoint says when it restarts in the middle of a deployment or has another one (Azure/azure-cli#33184). */
const INTERRUPTED = /partially successful|Kudu has been restarted|another deployment (is )?in progress/i;
const NOT_SIGNED_IN = /az login/;

/** @throws Error that says what to do. */
export async function deployFunctions(what: AppPackage, patience = TWELVE_MINUTES): Promise<void> {
  const id = basename(what.package, '.zip');
  let isTaken = false;
  let pauseMs = patience.firstPauseMs;
  for (let left = patience.tries - 1; ; left--) {
    const refusal: string | undefined = isTaken ? undefined : upload(what);
    if (refusal !== undefined && !NOT_READY.test(refusal) && !INTERRUPTED.test(refusal)) throw refused(what, refusal);
    isTaken = refusal === undefined;
    // After an interruption it may run all the same.
    const answer = isTaken || INTERRUPTED.test(refusal ?? '') ? ask(what, id) : undefined;
    if (answer?.isRunning || (isTaken && answer?.isSilent)) break;
    if (left === 0) throw isTaken ? new Error(`${what.app} ${answer?.problem}`) : refused(what, refusal ?? '');
    const problem = isTaken ? answer?.problem : 'is not ready for a package yet';
    console.error(`${what.app} ${problem}; again in ${pauseMs / 1000} s`);
    await sleep(pauseMs);
    pauseMs = Math.min(2 * pauseMs, patience.longestPauseMs);
  }
  console.log(`${what.app} runs ${what.package}`);
}

function refused({ app }: AppPackage, said: string): Error {
  return NOT_SIGNED_IN.test(said)
    ? new Error(`the Azure CLI is not signed in: az login (in a workflow: azure/login), then pulumi up again\n${said}`)
    : new Error(`${app} did not take the package:\n${said}`);
}

/** @returns what the CLI complained of; undefined when it is content. */
function upload(what: AppPackage): string | undefined {
  const { status, stderr } = az(what, 'functionapp deployment source config-zip', [
    ...['--src', what.package],
    ...['--build-remote', 'false'],
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

function ask(what: AppPackage, id: string): Answer {
  // Each trigger says the package it came with (functions/package-id.ts).
  const query = ['--query', '[].config.bindings[].packageId', '--output', 'json'];
  const { status, stdout, stderr } = az(what, 'functionapp function list', query);
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

function az({ subscription, resourceGroup, app }: AppPackage, command: string, options: string[]) {
  const place = ['--subscription', subscription, '--resource-group', resourceGroup, '--name', app];
  const { error, ...result } = spawnSync('az', [...command.split(' '), ...place, ...options], { encoding: 'utf8' });
  if (error) {
    const missing =
      'the az command was not found: install the Azure CLI (learn.microsoft.com/cli/azure), then pulumi up again';
    throw spawnProblem(error, missing);
  }
  return result;
}
