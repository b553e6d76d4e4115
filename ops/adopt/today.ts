// The policies' findings about the environment as it runs today, and the phase in which each finding ends.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nameOf, typeOf } from '../../preview/engine/urn.ts';
import type { Violation } from '../../preview/policy/violation.ts';
import { type Adoption, CUT_OVER } from '../../stacks/adoption/plan.ts';
import { NAMESPACE } from '../../stacks/configuration/parse.ts';
import { preview } from './preview.ts';
import { isAbout } from './security-rules.ts';

/** One unsafe thing. */
export interface Unsafe {
  /** The policy; undefined for a finding that only the broker's configuration shows. */
  policy?: string;
  /** The affected thing. */
  resource: string;
  message: string;
  /** The same for the report, in a few words. */
  short?: string;
  /** The phase in which it ends, 0 to 4. */
  phase: number;
}

/** Resources that can be adopted, by the program's name: type, and component. */
export const PLACES: Record<string, [type: string, ...component: [type: string, name: string] | []]> = {
  group: ['resources:ResourceGroup'],
  'network-nsg': ['network:NetworkSecurityGroup', 'Network', 'network'],
  'network-vnet': ['network:VirtualNetwork', 'Network', 'network'],
  'network-subnet': ['network:Subnet', 'Network', 'network'],
  'network-address': ['network:PublicIPAddress', 'Network', 'network'],
  'network-nic': ['network:NetworkInterface', 'Network', 'network'],
  'broker-vm': ['compute:VirtualMachine', 'BrokerMachine', 'broker'],
  'storage-account': ['storage:StorageAccount', 'Storage', 'storage'],
  'storage-blobs': ['storage:BlobServiceProperties', 'Storage', 'storage'],
  'storage-lifecycle': ['storage:ManagementPolicy', 'Storage', 'storage'],
};

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

/** Policies that require another resource, made by the first deployment, in addition to the one that they object to. */
const BESIDE = ['governance-diagnostics'];

/** Policies that object to a member that stays until the cut-over, and that member. */
const UNTIL: Record<string, string> = { 'network-no-ip-forwarding': 'enableIPForwarding' };

/** The phase that changes or removes the cause of the violation. */
export function phaseOf({ urn, message, policy }: Violation, { resources, left, graceRules }: Adoption): number {
  const name = nameOf(urn);
  // A rule that devices use stays longer than its group.
  if (graceRules.some((rule) => isAbout(message, rule))) return CUT_OVER;
  if ((UNTIL[policy] ?? '') in (resources[name]?.until ?? {})) return CUT_OVER;
  if (name in resources && BESIDE.includes(policy)) return 0;
  // What the stack as a whole lacks, such as alerts and a budget, comes with the first deployment.
  return resources[name]?.hardened ?? left[name]?.gone ?? 0;
}
