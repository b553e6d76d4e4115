// Corrects a resource where that is safe. Runs only for policies that the configuration sets to "remediate".
import type { ResourceValidationArgs } from '@pulumi/policy';
import { at, isObject, type KnownObject, known, UNKNOWN } from './known.ts';
import { fromResourceArgs, undatedType } from './resource.ts';
import { isAbout, type ResourceRule, type RuleConfig, subjectOf } from './rule.ts';

/** The object that contains a property, created where it is missing. Reading an unknown one throws, as @pulumi/policy does. */
function containerOf(props: Record<string, unknown>, path: string[]): Record<string, unknown> {
  return path.reduce<Record<string, unknown>>((node, key) => {
    node[key] ??= {};
    return node[key] as Record<string, unknown>;
  }, props);
}

/** A copy with the value at the path; undefined when a step of the path is unknown or not an object. */
function withValue(props: KnownObject, path: string[], value: unknown): KnownObject | undefined {
  const [key, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) return { ...props, [key]: known(value) };
  const child = props[key] ?? {};
  const changed = isObject(child) ? withValue(child, rest, value) : undefined;
  return changed && { ...props, [key]: changed };
}

/**
 * Writes each of the rule's remedies that reduces the rule's findings, and no other, so a stricter value is kept.
 * @returns the resource's properties if anything was written.
 */
export function remediate(rule: ResourceRule, args: ResourceValidationArgs): Record<string, unknown> | undefined {
  const type = undatedType(args.type);
  if (!isAbout(rule, type) || typeof rule.remedy === 'string') return undefined;
  const config = args.getConfig<RuleConfig>();
  const resource = fromResourceArgs(args);
  const count = (props: KnownObject) => rule.check({ ...resource, props }, config).length;
  let props = resource.props;
  let isChanged = false;
  for (const [property, value] of Object.entries(rule.remedy)) {
    const [subject, ...path] = property.split('.');
    if (subject !== subjectOf(type) || at(props, ...path) === UNKNOWN) continue;
    const better = withValue(props, path, value);
    if (better === undefined || count(better) >= count(props)) continue;
    containerOf(args.props, path.slice(0, -1))[path.at(-1)!] = value;
    props = better;
    isChanged = true;
  }
  return isChanged ? args.props : undefined;
}
