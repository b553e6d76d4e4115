// Aliases: the identities a resource may have had before. Only what the program's author wrote is of interest; the
// azure-native SDK adds dozens of its own to every resource, one for each API version.
import type * as resources from '@pulumi/pulumi/proto/resource_pb.js';
import { makeUrn, nameOf, typeOf } from './urn.ts';

/** Another identity the resource may have had: a URN, or the parts in which it differs from now. */
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
      // The SDK always fills in the parent; only another one says anything.
      parent: spec.getParenturn() === request.getParent() ? '' : spec.getParenturn(),
    };
    const given = Object.entries(parts).filter(([, part]) => part !== '');
    return { ...Object.fromEntries(given), ...(spec.getNoparent() ? { noParent: true as const } : {}) };
  });
  return [...written, ...request.getAliasurnsList()].filter((alias) => !isSdkVersionAlias(alias));
}

/** The SDK's own aliases name nothing but another azure-native type. */
function isSdkVersionAlias(alias: Alias): boolean {
  if (typeof alias === 'string') return false;
  const { type, ...rest } = alias;
  return type !== undefined && /^azure-(native|nextgen)[:_]/.test(type) && Object.keys(rest).length === 0;
}

/** What of a resource decides under which URNs it may be known. */
interface Aliased {
  urn: string;
  type: string;
  name: string;
  parent: string;
  options: { aliases?: Alias[] };
}

/**
 * The URNs under which a resource may be known from before: by its own aliases, and by those of its parents, whose
 * name at the front of a child's name changes with them (generateAliases in pulumi/pulumi).
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
