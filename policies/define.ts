// The declarative form of a rule, and how it becomes a policy of the pack.
import type { Policies, PolicyConfigSchema, ReportViolation } from '@pulumi/policy';
import { fromResourceArgs, fromStackResource, type Resource } from './resource.ts';

/** One thing that is wrong. */
export interface Finding {
  /** What is wrong and where, in one or two sentences. Never the value of a property that may hold a secret. */
  message: string;
  /** What to do about this very finding. Default: the rule's own fix. */
  fix?: string;
  /** The resource at fault. Default: the one that is judged; for a stack rule, the stack as a whole. */
  urn?: string;
}

/** A rule's configuration, as given by `--policy-pack-config`. */
export type RuleConfig = Record<string, unknown>;

/** What every rule declares. */
interface Control {
  /** Identifier in the policy catalogue; never reused. */
  id: string;
  /** Name of the policy in configuration and output. */
  name: string;
  /** Hardening phase: 0 before the first deployment, 1 hardening, 2 maturity. */
  phase: 0 | 1 | 2;
  severity: 'critical' | 'high' | 'medium' | 'low';
  enforcement: 'mandatory' | 'advisory';
  /** What is demanded, and what an absent or unknown value means. One sentence or two. */
  demand: string;
  /** Why: what goes wrong without it. */
  reason: string;
  /** What to do when it is violated, naming the property or the configuration key. */
  fix: string;
  /** Accepted configuration. Default: none. */
  configSchema?: PolicyConfigSchema;
}

/** Judges one resource on its inputs, before it is created or changed. */
export interface ResourceRule extends Control {
  /** Undated type tokens the rule is about. */
  types: readonly string[];
  check(resource: Resource, config: RuleConfig): Finding[];
}

/** Judges all resources of the stack together, at the end of a preview or update. */
export interface StackRule extends Control {
  checkStack(resources: Resource[], config: RuleConfig): Finding[];
}

export type Rule = ResourceRule | StackRule;

function report(rule: Rule, findings: Finding[], reportViolation: ReportViolation): void {
  for (const { message, fix, urn } of findings) reportViolation(`${message} Fix: ${fix ?? rule.fix}`, urn);
}

/** The policy that @pulumi/policy serves for a rule. Its messages read: what is demanded, what is wrong, how to fix it. */
export function definePolicy(rule: Rule): Policies[number] {
  const policy = {
    name: rule.name,
    displayName: `${rule.id} ${rule.name}`,
    description: `[${rule.id}] ${rule.demand}`,
    enforcementLevel: rule.enforcement,
    severity: rule.severity,
    tags: [rule.id, `phase-${rule.phase}`],
    configSchema: rule.configSchema,
  };
  if ('checkStack' in rule) {
    return {
      ...policy,
      validateStack: (args, reportViolation) =>
        report(
          rule,
          rule.checkStack(args.resources.map(fromStackResource), args.getConfig<RuleConfig>()),
          reportViolation,
        ),
    };
  }
  return {
    ...policy,
    validateResource: (args, reportViolation) => {
      const resource = fromResourceArgs(args);
      if (rule.types.includes(resource.type))
        report(rule, rule.check(resource, args.getConfig<RuleConfig>()), reportViolation);
    },
  };
}
