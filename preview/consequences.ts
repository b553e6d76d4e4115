// The effects of a replacement on other resources, as in Pulumi's engine (calculateDependentReplacements and diff in
// pkg/resource/deploy/step_generator.go of pulumi/pulumi).
import type { PropertyChange, ResourceChange } from './change.ts';
import { hiddenLeaves } from './differences.ts';
import { deletesFirst, idProperties, replaces } from './immutables.ts';
import type { PlanEntry } from './plan.ts';
import { covers, parsePath } from './property-path.ts';

/** The old and the new entry of a resource. */
export interface Pair {
  former: PlanEntry;
  entry: PlanEntry;
  changes: PropertyChange[];
  replacedAlong?: ResourceChange['replacedAlong'];
  /** URN of the resource that can be deleted only after this one. */
  deletedFor?: string;
}

/**
 * Adds to each resource the effects of other replacements. If a resource is deleted before its replacement is created, dependents
 * with an immutable property that refers to it are deleted before it and created again after it. Otherwise dependents get new
 * outputs, which replace or update them.
 * @param created URNs of new resources.
 */
export function addConsequences(pairs: Pair[], created: ReadonlySet<string>): void {
  const byUrn = new Map(pairs.map((pair) => [pair.entry.urn, pair]));
  const nowOf = new Map(pairs.map(({ former, entry }) => [former.urn, entry.urn]));
  const replaced = (urn: string) => {
    const pair = byUrn.get(urn);
    return pair && isReplaced(pair) ? pair : undefined;
  };
  /** True when its outputs certainly change: it is new, generated again, or has a new name. */
  function hasNewOutputs(urn: string): boolean {
    const pair = replaced(urn);
    if (!pair) return created.has(urn);
    const { entry, changes } = pair;
    if (isGenerated(entry.type) || isUnnamed(entry)) return true;
    const id = idProperties(entry.type);
    return changes.some(
      ({ path, from, certain }) =>
        certain && id.includes(String(path[0])) && (from === undefined || hasNewOutputs(from)),
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
      const from = urns.find((urn) => hasNewOutputs(urn) && !(replaced(urn) && isDeletedFirst(replaced(urn)!)));
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
        certain: made !== undefined && hasNewOutputs(made),
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

/** Passwords, keys and certificates: never the same when generated again. */
const isGenerated = (type: string) => /^(random|tls):/.test(type);

/** The provider generates a new name. */
const isUnnamed = ({ type, inputs }: PlanEntry) => idProperties(type).length > 0 && !deletesFirst(type, inputs);

/** A resource deleted because of another is created again after it; otherwise the program or the provider decides. */
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
