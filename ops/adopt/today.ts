// What the policies say of the environment as it runs today, and in which phase each finding ends.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nameOf, typeOf } from '../../preview/engine/urn.ts';
import type { Violation } from '../../preview/policy/violation.ts';
import { type Adoption, CUT_OVER } from '../../stacks/adoption/plan.ts';
import { NAMESPACE } from '../../stacks/configuration/parse.ts';
import { PLACES } from './places.ts';
import { preview } from './preview.ts';
import { isAbout } from './security-rules.ts';

/** One unsafe thing. */
export interface Unsafe {
  /** The policy that says so; undefined for what only the broker's configuration shows. */
  policy?: string;
  /** What it is about. */
  resource: string;
  message: string;
  /** The same for the report, in a few words. */
  short?: string;
  /** In which phase it ends, 0 to 4. */
  phase: number;
}

const ROOT = join(import.meta.dirname, '../..');

/**
 * Runs the policy pack over the recorded environment.
 * @param config the stack's own configuration, which some policies read.
 */
export async function judgeToday(
  adoption: Adoption,
  config: Record<string, unknown>,
  stack: string,
): Promise<Unsafe[]> {
  const recorded = [
    ...Object.entries(adoption.resources).map(([name, { recorded: inputs }]) => {
      const [type, component, of] = PLACES[name] ?? [];
      const within = component ? { component: [`${NAMESPACE}:index:${component}`, of] } : {};
      return { name, type: `azure-native:${type}`, inputs, ...within };
    }),
    ...Object.entries(adoption.left).map(([name, { type, recorded: inputs }]) => ({ name, type, inputs })),
  ];
  const folder = mkdtempSync(join(tmpdir(), 'adopt-'));
  try {
    const project = { name: NAMESPACE, runtime: { name: 'nodejs', options: { typescript: false } } };
    // JSON is YAML.
    writeFileSync(
      join(folder, 'Pulumi.yaml'),
      JSON.stringify({ ...project, main: join(import.meta.dirname, 'recorded-program.ts') }),
    );
    const { [`${NAMESPACE}:adoption`]: _, ...own } = config;
    writeFileSync(
      join(folder, `Pulumi.${stack}.yaml`),
      JSON.stringify({ config: { ...own, [`${NAMESPACE}:recorded`]: recorded } }),
    );
    const { policies } = await preview({ stack, root: folder, policyPack: join(ROOT, 'policies') });
    return (policies?.violations ?? []).map((violation) => ({
      policy: violation.policy,
      resource: `${typeOf(violation.urn).split(':').at(-1)} ${nameOf(violation.urn)}`,
      message: violation.message,
      phase: phaseOf(violation, adoption),
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Policies that ask for another resource, which the first deployment makes, beside the one that they object to. */
const BESIDE = ['governance-diagnostics'];

/** Policies that object to a member which stays until the cut-over, and that member. */
const UNTIL: Record<string, string> = { 'network-no-ip-forwarding': 'enableIPForwarding' };

/** The phase that changes, or takes away, what the policy objects to. */
export function phaseOf({ urn, message, policy }: Violation, { resources, left, graceRules }: Adoption): number {
  const name = nameOf(urn);
  // A rule that devices use stays longer than the group it is in.
  if (graceRules.some((rule) => isAbout(message, rule))) return CUT_OVER;
  if ((UNTIL[policy] ?? '') in (resources[name]?.until ?? {})) return CUT_OVER;
  if (name in resources && BESIDE.includes(policy)) return 0;
  // What the stack as a whole lacks, such as alerts and a budget, the first deployment brings.
  return resources[name]?.hardened ?? left[name]?.gone ?? 0;
}
