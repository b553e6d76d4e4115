// What `pulumi up` would do to get from one plan to another, as far as that is known without a provider. `pulumi preview`
// reports more, because it assumes that every output of an updated resource changes.
import type { Diff, Operation, PropertyChange, ResourceChange } from './change.ts';

export type { Diff, Operation } from './change.ts';

import { addConsequences, isReplaced, type Pair } from './consequences.ts';
import { type Difference, differences, holdsUnknown } from './differences.ts';
import { formerUrns } from './engine/aliases.ts';
import type { Wire } from './engine/wire.ts';
import { refusedProperties, replaces } from './immutables.ts';
import type { Plan, PlanEntry } from './plan.ts';
import { covers, parsePath } from './property-path.ts';

/** @param before empty when there is no snapshot; then everything is created. */
export function diffPlans(before: Plan, after: Plan, place: { stack: string; project: string }): Diff {
  const old = new Map(before.map((entry) => [entry.urn, entry]));
  const now = new Map(after.map((entry) => [entry.urn, entry]));
  const pairs: Pair[] = [];
  const created: PlanEntry[] = [];
  for (const entry of after) {
    const formerUrn = old.has(entry.urn)
      ? entry.urn
      : formerUrns(entry, place, (urn) => now.get(urn)).find((urn) => old.has(urn) && !now.has(urn));
    const former = formerUrn ? old.get(formerUrn) : undefined;
    if (former) old.delete(former.urn);
    if (former) pairs.push({ former, entry, changes: compare(former, entry) });
    else created.push(entry);
  }
  addConsequences(pairs, new Set(created.map(({ urn }) => urn)));
  return [
    ...pairs.map(judge),
    ...created.map((entry) => alone(entry, entry.options.import ? 'import' : 'create')),
    ...[...old.values()].map((entry) => alone(entry, 'delete', entry.options.protect)),
  ].sort((a, b) => (a.urn < b.urn ? -1 : 1));
}

function alone(entry: PlanEntry, operation: Operation, blockedByProtect = false): ResourceChange {
  return { urn: entry.urn, operation, entry, changes: [], blockedByProtect, blockedByImport: false };
}

function judge(pair: Pair): ResourceChange {
  const { former, entry, changes, replacedAlong, deletedFor } = pair;
  const isGone = isReplaced(pair);
  const isUpdated = changes.some(({ path }) => path[0] !== OPTIONS);
  // A resource deleted because of another one is still protected, even if its protection is being removed.
  const isProtected = former.options.protect === true && (deletedFor !== undefined || entry.options.protect === true);
  return {
    urn: entry.urn,
    operation: isGone ? 'replace' : isUpdated ? 'update' : 'same',
    entry,
    ...(former.urn === entry.urn ? {} : { formerUrn: former.urn }),
    changes,
    ...(replacedAlong ? { replacedAlong } : {}),
    blockedByProtect: isGone && isProtected,
    blockedByImport: isGone && deletedFor === undefined && entry.options.import !== undefined,
  };
}

const OPTIONS = 'options';

function compare(former: PlanEntry, entry: PlanEntry): PropertyChange[] {
  const ignored = (entry.options.ignoreChanges ?? []).map(parsePath);
  const refused = refusedProperties(entry.type).map(parsePath);
  const inputs = differences(former.inputs, entry.inputs)
    .filter(({ path }) => !ignored.some((pattern) => covers(pattern, path)))
    .map((change): PropertyChange => {
      const forcesReplacement = replaces(entry, change.path);
      const isRefused = !forcesReplacement && refused.some((pattern) => covers(pattern, change.path));
      return { ...change, forcesReplacement, ...(isRefused ? { refused: true } : {}), certain: isCertain(change) };
    });
  const options = differences(kept(former), kept(entry), [OPTIONS]).map((change) => ({
    ...change,
    forcesReplacement: change.path[1] === 'replacementTrigger',
    certain: isCertain(change),
  }));
  return [...inputs, ...options];
}

/** An unknown value may turn out to be the old one. */
const isCertain = ({ before, after }: Difference) => !holdsUnknown(before) && !holdsUnknown(after);

/** Options that are compared: property dependencies and aliases do not change a deployment's result. */
function kept({ options }: PlanEntry): Wire {
  const { propertyDependencies: _, aliases: __, ...rest } = options;
  return rest as unknown as Wire;
}
