// Makes resources for tests of single rules.

import { type KnownObject, known } from '../known.ts';
import type { Resource } from '../resource.ts';
import type { ResourceRule } from '../rule.ts';

/** How Pulumi writes an unknown text on the wire. */
export const UNKNOWN_TEXT = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

/** URN of a resource directly under the stack. */
export function urnOf(type: string, name: string): string {
  return `urn:pulumi:dev::mqtt-saas::${type}::${name}`;
}

/** A resource as a rule sees it. `links` are its property dependencies, as URNs. */
export function resource(
  type: string,
  name: string,
  props: Record<string, unknown>,
  links: Record<string, string[]> = {},
): Resource {
  const dependencies = [...new Set(Object.values(links).flat())];
  const plain = known(props) as KnownObject;
  return {
    urn: urnOf(type, name),
    type,
    name,
    props: plain,
    outputs: plain,
    dependencies,
    propertyDependencies: links,
    isProtected: false,
  };
}

/** A deep copy that keeps the symbol for what is not known, which structuredClone refuses. */
export function copyOf<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyOf) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)])) as T;
}

/** A copy of `value` in which the property at `path` (`a.b.0.c`) is `replacement`, or gone when that is undefined. */
export function withProperty<T extends object>(value: T, path: string, replacement: unknown): T {
  const copy = copyOf(value);
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce<Record<string, unknown>>(
    (node, key) => {
      node[key] ??= {};
      return node[key] as Record<string, unknown>;
    },
    copy as Record<string, unknown>,
  );
  if (replacement === undefined) delete parent[last];
  else parent[last] = replacement;
  return copy;
}

/** The messages of a rule about one resource. */
export function messagesOf(rule: ResourceRule, props: Record<string, unknown>, type = rule.types[0]!): string[] {
  return rule.check(resource(type, 'it', props), {}).map(({ message }) => message);
}
