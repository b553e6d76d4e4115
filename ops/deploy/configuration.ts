// Whether the machine put a bundle into force, by its own words. That the run command ended well is not the last word: an
// applier that a power cut left empty ends with 0 too. So what it printed is looked through for the line that broker-apply
// ends with after it has read back what is in force.
import { setTimeout as sleep } from 'node:timers/promises';
import { az } from './az.ts';

/** What is asked of whom. */
export interface Asked {
  subscription: string;
  resourceGroup: string;
  machine: string;
  /** Name of the run command that applied it. */
  runCommand: string;
  /** Hash of the bundle. */
  bundle: string;
}

/** How often to ask while the command has not ended, and how long to wait in between. Milliseconds. */
export interface Patience {
  /** At least 1. */
  tries: number;
  pauseMs: number;
}

const THREE_MINUTES: Patience = { tries: 18, pauseMs: 10_000 };
/** "Virtual Machine Run Commands - Get By Virtual Machine" of Azure's REST reference. */
const API = '2024-07-01';
const ANSWER_MS = 120_000;
/** Azure keeps the end of what a script printed; more would bury what to do. */
const SHOWN_LINES = 12;

interface View {
  executionState?: string;
  exitCode?: number;
  output?: string;
  error?: string;
}

/** @throws Error that says what the machine said, and what to do. */
export async function confirmConfiguration(asked: Asked, { tries, pauseMs } = THREE_MINUTES): Promise<void> {
  for (let left = tries - 1; ; left -= 1) {
    const view = viewOf(asked);
    if (view.output?.split(/\r?\n/).includes(`IN FORCE: ${asked.bundle}`)) {
      return console.log(`the machine has ${asked.bundle} in force`);
    }
    if (left === 0 || !/^(Running|Pending)$/.test(view.executionState ?? '')) throw notInForce(asked, view);
    console.error(`the machine is not done yet; again in ${pauseMs / 1000} s`);
    await sleep(pauseMs);
  }
}

function notInForce({ bundle }: Asked, { executionState = 'no state', exitCode, output, error }: View): Error {
  const said = `${output ?? ''}\n${error ?? ''}`.trim().split(/\r?\n/).slice(-SHOWN_LINES).join('\n');
  return new Error(
    `the machine did not say that bundle ${bundle} is in force, although Azure calls its run command ${executionState} ` +
      `(exit code ${exitCode ?? 'unknown'}). Correct what it names, docs/runbooks/broker-configuration.md, and have it apply the ` +
      `bundle again: pulumi up --replace '**broker-configuration-apply'\n${said || 'It said nothing.'}`,
  );
}

function viewOf({ subscription, resourceGroup, machine, runCommand }: Asked): View {
  const place = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.Compute`;
  const url = `${place}/virtualMachines/${machine}/runCommands/${runCommand}?$expand=instanceView&api-version=${API}`;
  const words = ['rest', '--method', 'get', '--url', url, '--output', 'json'];
  const result = az(words, ANSWER_MS, 'run pulumi up again');
  if (result.status !== 0) {
    throw new Error(
      `Azure does not tell what the machine said: sign in (az login; in a workflow: azure/login) as somebody who may read run ` +
        `commands (Reader), then run pulumi up again\n${result.stderr.trim()}`,
    );
  }
  return (JSON.parse(result.stdout) as { properties?: { instanceView?: View } }).properties?.instanceView ?? {};
}
