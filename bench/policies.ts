// The cost of the policy pack over the plan of prod, compared with the program that makes the plan; and of the ingress rule over a group
// of a thousand rules, compared with the second that it may take.
import { join } from 'node:path';
import { ROOT } from '../bootstrap/root.mjs';
import { ingressContract } from '../policies/network/ingress-contract.ts';
import type { Resource as PolicyResource } from '../policies/resource.ts';
import type { Resource } from '../preview/engine/resource.ts';
import { startPack } from '../preview/policy/pack.ts';
import { readProject } from '../preview/project.ts';
import { runProgram } from './support/program.ts';
import { median } from './support/quantiles.ts';
import { timed } from './support/timed.ts';

const STACK = 'prod';
const ROUNDS = 7;
const RULES = 1000;

/** @param args number of rounds. Default: 7. */
export async function run([rounds = String(ROUNDS)]: string[] = []): Promise<void> {
  const program: number[] = [];
  const pack: number[] = [];
  // The first round fills the compile cache and does not count.
  for (let round = 0; round <= Number(rounds); round++) {
    let resources: ReadonlyMap<string, Resource> = new Map();
    const a = await timed(async () => {
      resources = await runProgram(STACK);
    });
    const b = await timed(() => runPack(resources));
    if (round === 0) continue;
    program.push(a);
    pack.push(b);
    console.log(`round ${round}: program ${a.toFixed(0)} ms, pack over its plan ${b.toFixed(0)} ms`);
  }
  const [a, b] = [median(program), median(pack)];
  console.log(`median of ${rounds}: program ${a.toFixed(0)} ms, pack ${b.toFixed(0)} ms`);
  console.log(`ratio: ${(b / a).toFixed(2)} (goal: at most 1.5)`);

  for (const [what, group] of [
    ['distinct sources and ports', distinct()],
    ['overlapping tiles', tiles()],
  ] as const) {
    const times: number[] = [];
    for (let round = 0; round < Number(rounds); round++) times.push(await timed(async () => judge(group)));
    const middle = median(times);
    console.log(
      `${RULES} rules, ${what}: ${middle.toFixed(0)} ms, ratio to a second: ${(middle / 1000).toFixed(2)} (goal: below 1)`,
    );
  }
}

/** All of it: start, configuration, every resource, the stack as a whole. */
async function runPack(resources: ReadonlyMap<string, Resource>): Promise<void> {
  const pack = startPack(join(ROOT, 'policies'), readProject(ROOT, STACK), resources);
  for (const resource of resources.values()) pack.submit(resource);
  await pack.finish();
  await pack.stop();
}

function judge(group: PolicyResource): void {
  ingressContract.checkStack([group], { adminCidrs: ['203.0.113.10/32'] });
}

function groupOf(securityRules: Record<string, string | number>[]): PolicyResource {
  const type = 'azure-native:network:NetworkSecurityGroup';
  const urn = `urn:pulumi:dev::bench::${type}::nsg`;
  return {
    urn,
    type,
    name: 'nsg',
    props: { securityRules },
    outputs: {},
    dependencies: [],
    propertyDependencies: {},
    isProtected: false,
  };
}

const rule = (index: number, access: string, source: string, ports: string) => ({
  name: `rule-${index}`,
  priority: 100 + index,
  direction: 'Inbound',
  access,
  protocol: 'Tcp',
  sourceAddressPrefix: source,
  sourcePortRange: '*',
  destinationAddressPrefix: '*',
  destinationPortRange: ports,
});

/** A thousand hosts let in to a thousand ports, and none of them allowed: every rule is an exposure. */
function distinct(): PolicyResource {
  const rules = Array.from({ length: RULES }, (_, index) =>
    rule(index, 'Allow', `198.51.${index >> 8}.${index & 255}/32`, String(10_000 + index)),
  );
  return groupOf(rules);
}

/** Denies that tile the address space and the ports, and one Allow that the last missing tiles let through. */
function tiles(): PolicyResource {
  const denies = Array.from({ length: RULES - 1 }, (_, index) => {
    const port = Math.floor(index / 32) * 2048;
    return rule(index, 'Deny', `${(index % 32) * 8}.0.0.0/5`, `${port}-${port + 2047}`);
  });
  return groupOf([...denies, rule(RULES - 1, 'Allow', '0.0.0.0/0', '0-65535')]);
}
