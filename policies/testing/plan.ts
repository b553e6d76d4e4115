// Makes resources for tests of single rules.
import { type KnownObject, known } from '../known.ts';
import type { Resource } from '../resource.ts';

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
  return {
    urn: urnOf(type, name),
    type,
    name,
    props: known(props) as KnownObject,
    dependencies,
    propertyDependencies: links,
  };
}
