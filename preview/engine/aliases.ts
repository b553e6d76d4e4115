// Aliases: identities that a resource may have had before. Only aliases written by the program's author matter; the
// azure-native SDK adds dozens to every resource, one per API version.
import type * as resources from '@pulumi/pulumi/proto/resource_pb.js';
import { makeUrn, nameOf, typeOf } from './urn.ts';

/** Another identity of the resource: a URN, or the parts that differ from the current one. */
export type Alias =
  | string
  | { name?: string; type?: string; stack?: string; project?: string; parent?: string; noParent?: true };

/** The aliases that the program's author wrote. */
export function effectiveAliases(request: resources.RegisterResourceRequest): Alias[] {
  const written = request.getAliasesList().map((alias): Alias => {
    const spec = alias.getSpec();
    if (!spec) return alias.getUrn();
    const parts = {
      name: spec.getName(),
      type: spec.getType(),
      stack: spec.getStack(),
      project: spec.getProject(),
      // The SDK always sets the parent; only a different one matters.
      parent: spec.getParenturn() === request.getParent() ? '' : spec.getParenturn(),
    };
    const given = Object.entries(parts).filter(([, part]) => part !== '');
    return { ...Object.fromEntries(given), ...(spec.getNoparent() ? { noParent: true as const } : {}) };
  });
  return [...written, ...request.getAliasurnsList()].filter((alias) => !isSdkVersionAlias(alias));
}

/** The SDK's own aliases contain only another azure-native type. */
function isSdkVersionAlias(alias: Alias): boolean {
  if (typeof alias === 'string') return false;
  const { type, ...rest } = alias;
  return type !== undefined && /^azure-(native|nextgen)[:_]/.test(type) && Object.keys(rest).length === 0;
}

/** The parts of a resource that determine its former URNs. */
interface Aliased {
  urn: string;
  type: string;
  name: string;
  parent: string;
  options: { aliases?: Alias[] };
}

/**
 * The former URNs of a resource: from its own aliases and from those of its parents. If a child's name starts with its parent's
 * name, that prefix changes with the parent (generateAliases in pulumi/pulumi).
 * @param find looks up a parent by URN.
 */
export function formerUrns(
  resource: Aliased,
  place: { stack: string; project: string },
  find: (urn: string) => Aliased | undefined,
): string[] {
  const own = (resource.options.aliases ?? []).map((alias) => resolve(alias, resource, place));
  const parent = find(resource.parent);
  if (!parent) return own;
  const inherited = formerUrns(parent, place, find).flatMap((formerParent) =>
    [resource.urn, ...own].map((urn) => {
      const name = nameOf(urn);
      const renamed = name.startsWith(parent.name) ? nameOf(formerParent) + name.slice(parent.name.length) : name;
      return makeUrn(place.stack, place.project, formerParent, typeOf(urn), renamed);
    }),
  );
  return [...own, ...inherited];
}

function resolve(alias: Alias, resource: Aliased, place: { stack: string; project: string }): string {
  if (typeof alias === 'string') return alias;
  return makeUrn(
    alias.stack ?? place.stack,
    alias.project ?? place.project,
    alias.noParent ? '' : (alias.parent ?? resource.parent),
    alias.type ?? resource.type,
    alias.name ?? resource.name,
  );
}
