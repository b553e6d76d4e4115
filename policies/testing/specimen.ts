// For tests: the row that every rule must have, and how to judge it as Pulumi does.
import type { PolicyResource, ResourceValidationArgs, StackValidationArgs } from '@pulumi/policy';
import { definePolicy } from '../define.ts';
import { Exceptions } from '../exceptions/exceptions.ts';
import type { Resource } from '../resource.ts';
import { type Rule, type RuleConfig, subjectOf } from '../rule.ts';
import { copyOf, withProperty } from './plan.ts';

/** A small plan that one rule accepts, and what to break in it. */
export interface Specimen {
  rule: Rule;
  plan: Resource[];
  /** The rule's configuration. Default: none. */
  config?: RuleConfig;
  /** For every property that the rule judges, in the same order, values that are wrong. */
  broken: Record<string, unknown[]>;
  /** Values that are fine too. */
  fine?: Record<string, unknown[]>;
  /** Types whose resources the rule asks for: a plan without one is a violation. */
  needs?: string[];
  /** Where a property of the rule's documentation is in this plan, when that cannot be told from its name. */
  paths?: Record<string, string>;
  /** Further types to judge like those of the plan, by the type they replace. */
  likewise?: Record<string, string[]>;
  /** Configurations under which the plan is wrong. */
  wrongConfigs?: RuleConfig[];
}

/** The plan with one property of the first resource of its subject changed; undefined removes it. */
export function changed({ plan, paths = {} }: Specimen, property: string, value: unknown): Resource[] {
  const written = paths[property] ?? property.replaceAll('[]', '.0');
  const [subject, ...path] = written.split('.');
  const index = plan.findIndex(({ type }) => subjectOf(type) === subject);
  if (index < 0) throw new Error(`the specimen has no ${subject}`);
  const before = plan[index]!;
  const after =
    path.join('.') === 'options.protect'
      ? { ...before, isProtected: value === true }
      : { ...before, props: withProperty({ props: before.props }, ['props', ...path].join('.'), value).props };
  return plan.with(index, after);
}

/** The plan with resources under other type tokens; their URNs and links stay. */
export function retyped(plan: Resource[], rename: (type: string) => string): Resource[] {
  return plan.map((each) => ({ ...each, type: rename(each.type) }));
}

const options = ({ isProtected, parent }: Resource) => ({
  protect: isProtected,
  ignoreChanges: [],
  aliases: [],
  customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
  additionalSecretOutputs: [],
  parent,
});

/** The plan as Pulumi passes it to a stack rule. */
export function stackResources(plan: Resource[]): PolicyResource[] {
  const all = new Map(plan.map((each) => [each.urn, { ...each, opts: options(each) } as unknown as PolicyResource]));
  const find = (urns: string[]) => urns.flatMap((urn) => all.get(urn) ?? []);
  for (const each of plan) {
    const target = all.get(each.urn)!;
    target.parent = each.parent === undefined ? undefined : all.get(each.parent);
    target.dependencies = find(each.dependencies);
    target.propertyDependencies = Object.fromEntries(
      Object.entries(each.propertyDependencies).map(([property, urns]) => [property, find(urns)]),
    );
  }
  return [...all.values()];
}

/** What the rule's policy reports about the plan, resource by resource or as a whole. */
export function judge(rule: Rule, plan: Resource[], config: RuleConfig = {}, exceptions = new Exceptions()): string[] {
  const policy = definePolicy(rule, exceptions);
  const messages: string[] = [];
  const report = (message: string) => messages.push(message);
  const getConfig = () => config;
  if ('checkStack' in rule && 'validateStack' in policy) {
    policy.validateStack({ resources: stackResources(plan), getConfig } as unknown as StackValidationArgs, report);
    return messages;
  }
  const [validate] = 'validateResource' in policy ? [policy.validateResource].flat() : [];
  for (const each of plan)
    validate?.({ ...each, opts: options(each), getConfig } as unknown as ResourceValidationArgs, report);
  return messages;
}

/** Applies the policy's remedy to each resource of the plan. */
export function remediate(
  rule: Rule,
  plan: Resource[],
  exceptions = new Exceptions(),
  config: RuleConfig = {},
): Resource[] {
  const policy = definePolicy(rule, exceptions);
  if (!('remediateResource' in policy)) return plan;
  return plan.map((each) => {
    const props = copyOf(each.props);
    policy.remediateResource?.({
      ...each,
      props,
      opts: options(each),
      getConfig: () => config,
    } as unknown as ResourceValidationArgs);
    return { ...each, props };
  });
}
