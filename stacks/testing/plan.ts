// Plans of the committed stacks, as they are or with changed lines, and helpers to look things up in them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ROOT } from '../../bootstrap/root.mjs';
import type { Plan, PlanEntry } from '../../preview/plan.ts';
import type { Preview } from '../../preview/preview.ts';
import { sharedPreview } from './shared-preview.ts';

/** Inputs as tests read them; a missing one shows as undefined in the failed expectation. */
// biome-ignore lint/suspicious/noExplicitAny: a plan is JSON of many shapes
export type Inputs = any;

/** A resource of a plan, for tests. */
export type Planned = PlanEntry & { inputs: Inputs };

/** An authority for devices, as YAML. Its key was thrown away. */
const DEVICE_CA = JSON.stringify(readFileSync(new URL('device-ca.crt', import.meta.url), 'utf8'));

/** A change of a stack file's text. */
type Change = (file: string) => string;
const unchanged: Change = (file) => file;

/** @param as the stack's name for the plan. */
export const planOf = async (stack: string, change: Change = unchanged, as = stack): Promise<Plan> =>
  (await previewOf(stack, change, as, false)).plan;

/** The same with the policy pack's report. @param pack the pack's folder. Default: this repository's. */
export const judged = (stack: string, change: Change, as = stack, pack = join(ROOT, 'policies')): Promise<Preview> =>
  previewOf(stack, change, as, pack);

/** Previews in a folder of its own; the program is the checkout's. */
export async function previewOf(
  stack: string,
  change: Change = unchanged,
  as = stack,
  policyPack: string | false = false,
): Promise<Preview> {
  const folder = mkdtempSync(join(tmpdir(), 'plan-'));
  try {
    const project = readFileSync(join(ROOT, 'Pulumi.yaml'), 'utf8');
    const file = change(readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), 'utf8'));
    writeFileSync(join(folder, 'Pulumi.yaml'), project.replace('stacks/index.ts', join(ROOT, 'stacks/index.ts')));
    writeFileSync(join(folder, `Pulumi.${as}.yaml`), file);
    return await sharedPreview({ stack: as, root: folder, policyPack });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A change that adds lines to a stack file. @param lines without the namespace: `webSocket: true`. */
export const having =
  (...lines: string[]) =>
  (file: string) =>
    file + lines.map((line) => `  mqtt-saas:${line}\n`).join('');

/** A change to what an environment may have in addition: one plan for the tests of each. */
export const WITH_ALL = having(
  'iotHub: true',
  'ubuntuPro: true',
  'ingestGeneration: 2',
  "ingestGenerationsInForce: '[1,2]'",
);

/** A change that switches the managed profile on. The file of a stack that was deployed ends with keys of Pulumi's own. */
export const withManaged = (file: string) =>
  file.replace(/^config:$/m, (line) => having('managed: true', `managedDeviceCa: ${DEVICE_CA}`)(`${line}\n`).trimEnd());

/** Every azure-native resource of a type, given without `azure-native:`. */
export const all = (plan: Plan, type: string): Planned[] => plan.filter((each) => each.type === `azure-native:${type}`);

/** The only one. @throws Error if there is none, or more than one. */
export function one(plan: Plan, type: string): Planned {
  const [entry, ...others] = all(plan, type);
  if (!entry || others.length > 0) throw new Error(`${others.length + (entry ? 1 : 0)} resources of type ${type}`);
  return entry;
}

/** By its name in the program. @throws Error if there is none. */
export function named(plan: Plan, name: string): Planned {
  const found = plan.find((entry) => entry.name === name);
  if (!found) throw new Error(`no resource is named ${name}`);
  return found;
}

/** The name at the end of a URN. */
export const nameOfUrn = (urn: string) => urn.split('::').at(-1);

/** The broker machine's user data, decoded. */
export const userDataOf = (plan: Plan) =>
  Buffer.from(one(plan, 'compute:VirtualMachine').inputs.osProfile.customData, 'base64').toString();

/** The archive of the broker machine's bundle: uncompressed, but still a tar file. */
export function bundleOf(plan: Plan): string {
  const archive = all(plan, 'storage:Blob').find(({ name }) => name.startsWith('broker-configuration-bundle-'));
  return gunzipSync(readFileSync(archive?.inputs.source.path)).toString('latin1');
}

/** One file of it, by its path (ustar: a header of 512 bytes, the content, padding). @throws Error if it is missing. */
export function bundleFile(plan: Plan, path: string): string {
  const tar = bundleOf(plan);
  for (let at = 0; at < tar.length; ) {
    const size = Number.parseInt(tar.slice(at + 124, at + 135), 8) || 0;
    const [name] = tar.slice(at, at + 100).split('\0');
    if (name === path) return Buffer.from(tar.slice(at + 512, at + 512 + size), 'latin1').toString();
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`the bundle has no file ${path}`);
}
