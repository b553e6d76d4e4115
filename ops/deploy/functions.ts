// One Deploy of a package to a Flex Consumption app, by the Azure CLI. The CLI's result is not reliable: it reports failures for
// deployments that succeeded, and success for packages that are not running yet. So the app is asked which package it runs.
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { az } from './az.ts';

/** The package, and the app. */
export interface AppPackage {
  subscription: string;
  resourceGroup: string;
  app: string;
  /** Path of a .zip, named after the package's id. */
  package: string;
}

/** How long to go on. Each pause is twice as long as the previous one. Milliseconds. */
export interface Patience {
  /** At least 1. */
  tries: number;
  firstPauseMs: number;
  longestPauseMs: number;
  /** How long the CLI may take for one answer. */
  answerMs: number;
}

/** It takes Azure up to ten minutes until a new identity may write to its storage ("Troubleshoot Azure RBAC"). */
const TWELVE_MINUTES: Patience = {
  tries: 15,
  firstPauseMs: 10_000,
  longestPauseMs: 60_000,
  answerMs: 900_000,
};

/** A new app's answers until its identity's role is in force (storage refuses it) and its deployment endpoint runs. */
const NOT_READY =
  /\b50[23]\b|Storage responded with Forbidden|AuthorizationPermissionMismatch|not authorized to perform this operation/;
/** Azure's answers to somebody without the role to deploy: waiting does not help. */
const NO_ROLE = /\b403\b|Forbidden|AuthorizationFailed|does not have authorization to perform action/;
/** The endpoint's answers when it restarts during a deployment or is busy with another one (Azure/azure-cli#33184). */
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
    // After an interruption it may run the package anyway.
    const answer = isTaken || INTERRUPTED.test(refusal ?? '') ? ask(what, id, patience) : undefined;
    if (answer?.isRunning) return console.log(`${what.app} runs ${what.package}`);
    if (isTaken && answer?.isSilent) {
      return console.log(
        `${what.app} has accepted ${what.package}; it ${answer.problem}, so it is not known whether it runs the package`,
      );
    }
    if (left === 0) throw isTaken ? new Error(`${what.app} ${answer?.problem}`) : refused(what, refusal ?? '');
    const problem = isTaken ? answer?.problem : 'is not ready for a package yet';
    console.error(`${what.app} ${problem}; trying again in ${pauseMs / 1000} s`);
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
  return new Error(`${what.app} did not accept the package:\n${said}`);
}

/** Website Contributor may do both: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/web-and-mobile */
function withoutRole({ app, resourceGroup }: AppPackage, action: string, said: string): Error {
  return new Error(
    `the signed-in account may not ${action} ${app}: grant it Website Contributor (or Contributor) on the resource group ` +
      `${resourceGroup}, wait ten minutes until it is in force, then run pulumi up again\n${said}`,
  );
}

/** @returns the CLI's complaint; undefined if it has none. */
function upload(what: AppPackage, patience: Patience): string | undefined {
  const { status, stderr } = askAz(what, patience, 'functionapp deployment source config-zip', [
    '--src',
    what.package,
    '--build-remote',
    'false',
  ]);
  return status === 0 ? undefined : stderr.trim();
}

/** Whether the app runs the package; otherwise, what it does instead. */
interface Answer {
  isRunning?: boolean;
  /** True if the app gives no information. Then only the CLI's result is left. */
  isSilent?: boolean;
  problem?: string;
}

/** @throws Error if the signed-in account may not ask. */
function ask(what: AppPackage, id: string, patience: Patience): Answer {
  // Each trigger reports the package that it came with (functions/runtime/package-id.ts).
  const query = ['--query', '[].config.bindings[].packageId', '--output', 'json'];
  const { status, stdout, stderr } = askAz(what, patience, 'functionapp function list', query);
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

function askAz(what: AppPackage, { answerMs }: Patience, command: string, options: string[]) {
  const { subscription, resourceGroup, app } = what;
  const place = ['--subscription', subscription, '--resource-group', resourceGroup, '--name', app];
  return az([...command.split(' '), ...place, ...options], answerMs, `check ${app}, then run pulumi up again`);
}
