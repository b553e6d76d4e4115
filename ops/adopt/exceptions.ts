// Dated exceptions for violations during an adoption, as a policy configuration for Pulumi. A violation that no later phase ends gets
// none.
import { join } from 'node:path';
import { ROOT } from '../../bootstrap/root.mjs';
import type { Violation } from '../../preview/policy/violation.ts';
import { type Adoption, CUT_OVER } from '../../stacks/adoption/plan.ts';
import { preview } from './preview.ts';
import { phaseOf } from './today.ts';

/** One exception, in the form of docs/reference/policies.md. */
interface Exception {
  urn: string;
  reason: string;
  /** ISO date, the last day. */
  expires: string;
}

/** By policy. */
export type PolicyConfig = Record<string, { exceptions: Exception[] }>;

/** The file with a stack's exceptions, beside Pulumi.yaml. */
export const exceptionsFile = (stack: string) => `policies.${stack}.json`;

/** The options for `pulumi preview` and `pulumi up`. */
export const withExceptions = (stack: string) => `--policy-pack policies --policy-pack-config ${exceptionsFile(stack)}`;

/** Judges the stack in its current phase. @param root folder of Pulumi.yaml. */
export async function findExceptions(stack: string, root: string, plan: Adoption): Promise<PolicyConfig> {
  const { policies } = await preview({ stack, root, policyPack: join(ROOT, 'policies') });
  return exceptionsOf(policies?.violations ?? [], plan);
}

/** Rules with the same name or priority are a mistake in any phase. */
const NEVER = ['network-rules-in-one-order'];

/** For each mandatory violation that ends with a later phase. If several phases end it, it lasts until the last of them. */
export function exceptionsOf(violations: readonly Violation[], plan: Adoption): PolicyConfig {
  const ends = new Map<string, { policy: string; urn: string; phase: number }>();
  for (const violation of violations) {
    const phase = phaseOf(violation, plan);
    if (violation.level !== 'mandatory' || phase <= plan.phase || NEVER.includes(violation.policy)) continue;
    const { policy, urn } = violation;
    const key = `${policy} ${urn}`;
    ends.set(key, { policy, urn, phase: Math.max(phase, ends.get(key)?.phase ?? 0) });
  }
  const config: PolicyConfig = {};
  for (const { policy, urn, phase } of ends.values()) {
    config[policy] ??= { exceptions: [] };
    config[policy].exceptions.push({
      urn,
      reason: `The adoption ends it with phase ${phase} (docs/adoption.md).`,
      expires: phase <= CUT_OVER ? plan.publicUntil : plan.gatewayUntil,
    });
  }
  return config;
}
