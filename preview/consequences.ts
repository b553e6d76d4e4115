// What follows from a replacement, as Pulumi's engine decides it (calculateDependentReplacements and diff in
// pkg/resource/deploy/step_generator.go of pulumi/pulumi).
import type { PropertyChange, ResourceChange } from './change.ts';
import { hiddenLeaves } from './differences.ts';
import { deletesFirst, idProperties, replaces } from './immutables.ts';
import type { PlanEntry } from './plan.ts';
import { covers, parsePath } from './property-path.ts';

/** A resource as it was and as it will be. */
export interface Pair {
  former: PlanEntry;
  entry: PlanEntry;
  changes: PropertyChange[];
  replacedAlong?: ResourceChange['replacedAlong'];
  /** URN of a resource that cannot be deleted before this one is. */
  deletedFor?: string;
}

/**
 * Adds to each resource what the replacement of others means for it. Where a resource is deleted before it is made anew, whatever
 * cannot lose it goes first, and comes back after it: a property that depends on it and cannot change in place. Otherwise the
 * dependent meets new outputs, and is replaced or updated by them.
 * @param created URNs of what is new.
 */
export function addConsequences(pairs: Pair[], created: ReadonlySet<string>): void {
  const byUrn = new Map(pairs.map((pair) => [pair.entry.urn, pair]));
  const nowOf = new Map(pairs.map(({ former, entry }) => [former.urn, entry.urn]));
  const replaced = (urn: string) => {
    const pair = byUrn.get(urn);
    return pair && isReplaced(pair) ? pair : undefined;
  };
  /** What it gives out is certainly other than before: it is new, generated anew, or its name is. */
  function isAnother(urn: string): boolean {
    const pair = replaced(urn);
    if (!pair) return created.has(urn);
    const { entry, changes } = pair;
    if (isGenerated(entry.type) || isUnnamed(entry)) return true;
    const id = idProperties(entry.type);
    return changes.some(
      ({ path, from, certain }) => certain && id.includes(String(path[0])) && (from === undefined || isAnother(from)),
    );
  }

  function replaceDependent(pair: Pair): boolean {
    const { former, entry, changes } = pair;
    const { deletedWith, replaceWith = [] } = entry.options;
    const along = [deletedWith, ...replaceWith].find((urn) => urn && replaced(urn));
    if (along) pair.replacedAlong = { option: along === deletedWith ? 'deletedWith' : 'replaceWith', with: along };
    for (const [property, urns] of Object.entries(former.options.propertyDependencies ?? {})) {
      const from = urns
        .map((urn) => nowOf.get(urn) ?? urn)
        .find((urn) => replaced(urn) && isDeletedFirst(replaced(urn)!));
      if (!from || !(property in former.inputs) || !replaces(former, [property])) continue;
      changes.push(induced(pair, property, from, true));
      pair.deletedFor = from;
    }
    for (const [property, urns] of Object.entries(entry.options.propertyDependencies ?? {})) {
      const from = urns.find((urn) => isAnother(urn) && !(replaced(urn) && isDeletedFirst(replaced(urn)!)));
      const leaves = hiddenLeaves(entry.inputs[property], [property]);
      if (from && leaves.length > 0 && leaves.every((leaf) => replaces(entry, leaf))) {
        changes.push(induced(pair, property, from, true));
      }
    }
    return isReplaced(pair);
  }

  function updateDependent(pair: Pair): void {
    const { former, entry, changes } = pair;
    const ignored = (entry.options.ignoreChanges ?? []).map(parsePath);
    for (const [property, urns] of Object.entries(entry.options.propertyDependencies ?? {})) {
      const isSeen = changes.some(({ path }) => path[0] === property);
      if (isSeen || ignored.some((pattern) => covers(pattern, [property]))) continue;
      if (hiddenLeaves(entry.inputs[property], [property]).length === 0) continue;
      const before = (former.options.propertyDependencies?.[property] ?? []).map((urn) => nowOf.get(urn) ?? urn);
      const other = urns.find((urn) => !before.includes(urn)) ?? before.find((urn) => !urns.includes(urn));
      const made = urns.find((urn) => created.has(urn) || replaced(urn));
      const from = made ?? other;
      if (!from) continue;
      changes.push({
        ...induced(pair, property, from, replaces(entry, [property])),
        certain: made !== undefined && isAnother(made),
      });
    }
  }

  const rest = new Set(pairs.filter((pair) => pair.entry.custom && !isReplaced(pair)));
  for (let before = -1; before !== rest.size; ) {
    before = rest.size;
    for (const pair of rest) if (replaceDependent(pair)) rest.delete(pair);
  }
  for (const pair of rest) updateDependent(pair);
}

export function isReplaced({ changes, replacedAlong }: Pair): boolean {
  return replacedAlong !== undefined || changes.some(({ forcesReplacement, certain }) => forcesReplacement && certain);
}

/** Passwords, keys and certificates: made anew, they are never the same. */
const isGenerated = (type: string) => /^(random|tls):/.test(type);

/** The provider makes up another name. */
const isUnnamed = ({ type, inputs }: PlanEntry) => idProperties(type).length > 0 && !deletesFirst(type, inputs);

/** What was deleted for another's sake comes back after it; otherwise the program decides, or the provider. */
const isDeletedFirst = ({ entry, deletedFor }: Pair): boolean =>
  deletedFor !== undefined || (entry.options.deleteBeforeReplace ?? deletesFirst(entry.type, entry.inputs));

function induced({ former, entry }: Pair, property: string, from: string, forcesReplacement: boolean): PropertyChange {
  return {
    path: [property],
    before: former.inputs[property]!,
    after: entry.inputs[property]!,
    from,
    forcesReplacement,
    certain: true,
  };
}
