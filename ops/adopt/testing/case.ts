// One small recording of its own for each case: the base with one thing changed, planned, and what each phase then sends of it. The
// program's own inputs are those of the committed plan; no engine is needed for a merge.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ROOT } from '../../../bootstrap/root.mjs';
import type { Plan } from '../../../preview/plan.ts';
import { inputsOf } from '../../../stacks/adoption/adopt.ts';
import type { Member } from '../account.ts';
import type { Json } from '../json.ts';
import { type AdoptionPlan, type Decided, planAdoption } from '../plan.ts';
import { readRecording } from '../recording.ts';
import { DAYS, type Files, GROUP_ID, write } from './recordings.ts';

const SNAPSHOT: Plan = JSON.parse(readFileSync(join(ROOT, 'stacks/snapshots/dev.json'), 'utf8'));

/** Changes the base. */
export type Change = (files: Files) => void;

/** The plan of the base with this change. */
export function adopted(change: Change, decided: Partial<Decided> = {}): AdoptionPlan {
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return planAdoption(readRecording(write({ name: 'one', change }, folder)), { ...DAYS, ...decided });
}

/** What a phase sends of a resource, once it was deployed. */
export function sent({ adoption, config }: AdoptionPlan, name: string, phase: number): Json {
  const inputs: Record<string, unknown> = { ...SNAPSHOT.find((entry) => entry.name === name)?.inputs };
  if (name === 'network-vnet') inputs.addressSpace = { addressPrefixes: [config.addressSpace] };
  return inputsOf(name, inputs, { ...adoption, phase, reached: 4 }) as Json;
}

/** What the account says of a member, and in which phase. */
export function said({ account }: AdoptionPlan, name: string, path: string): (Member & { phase: number }) | undefined {
  return account
    .flatMap(({ phase, resources }) => resources.map((each) => ({ phase, ...each })))
    .filter(({ resource }) => resource === name)
    .flatMap(({ phase, members }) => members.map((member) => ({ ...member, phase })))
    .find((member) => member.path === path);
}

/** Of something in the base's group. */
export const id = (type: string, name: string) => `${GROUP_ID}/providers/${type}/${name}`;
/** Its one IP configuration. */
export const nicOf = (files: Files) => files.nic.ipConfigurations[0];
