// What a plan would change against another one, as far as that can be known without a provider.
import { formerUrns } from './engine/aliases.ts';
import { isObject, UNKNOWN, type Wire } from './engine/wire.ts';
import { immutableProperties } from './immutables.ts';
import type { Plan, PlanEntry } from './plan.ts';
import { covers, parsePath, type Segment, touches } from './property-path.ts';

export type Operation = 'create' | 'update' | 'replace' | 'delete' | 'same';

export interface PropertyChange {
  path: Segment[];
  /** Absent when the property was not there. */
  before?: Wire;
  /** Absent when the property goes. */
  after?: Wire;
  /** The provider or Azure will not change this in place. */
  forcesReplacement: boolean;
}

export interface ResourceChange {
  urn: string;
  operation: Operation;
  /** As it will be, or, for a deletion, as it was. */
  entry: PlanEntry;
  /** Another URN under which the resource stood before, found by its aliases. */
  formerUrn?: string;
  changes: PropertyChange[];
  /** A protected resource that would go: a deployment stops with an error. */
  blockedByProtect: boolean;
}

/** Sorted by URN; also lists what stays the same. */
export type Diff = ResourceChange[];

/** @param before nothing when there is no snapshot: then everything is created. */
export function diffPlans(before: Plan, after: Plan, place: { stack: string; project: string }): Diff {
  const old = new Map(before.map((entry) => [entry.urn, entry]));
  const now = new Map(after.map((entry) => [entry.urn, entry]));
  const changes = after.map((entry): ResourceChange => {
    const formerUrn = old.has(entry.urn)
      ? entry.urn
      : formerUrns(entry, place, (urn) => now.get(urn)).find((urn) => old.has(urn) && !now.has(urn));
    const former = formerUrn ? old.get(formerUrn) : undefined;
    if (!former) return { urn: entry.urn, operation: 'create', entry, changes: [], blockedByProtect: false };
    old.delete(former.urn);
    return compare(former, entry);
  });
  const deleted = [...old.values()].map(
    (entry): ResourceChange => ({
      urn: entry.urn,
      operation: 'delete',
      entry,
      changes: [],
      blockedByProtect: entry.options.protect === true,
    }),
  );
  return [...changes, ...deleted].sort((a, b) => (a.urn < b.urn ? -1 : 1));
}

function compare(former: PlanEntry, entry: PlanEntry): ResourceChange {
  const ignored = (entry.options.ignoreChanges ?? []).map(parsePath);
  const replacing = [...(entry.options.replaceOnChanges ?? []), ...immutableProperties(entry.type)].map(parsePath);
  const inputs = compareValues(former.inputs, entry.inputs, [])
    .filter(({ path }) => !ignored.some((pattern) => covers(pattern, path)))
    .map((change) => ({
      ...change,
      forcesReplacement: isCertain(change) && replacing.some((pattern) => touches(pattern, change.path)),
    }));
  const options = compareValues(comparable(former), comparable(entry), ['options']).map((change) => ({
    ...change,
    forcesReplacement: change.path[1] === 'replacementTrigger' && isCertain(change),
  }));
  const changes = [...inputs, ...options];
  const replaced = changes.some((change) => change.forcesReplacement);
  return {
    urn: entry.urn,
    operation: replaced ? 'replace' : changes.length > 0 ? 'update' : 'same',
    entry,
    ...(former.urn === entry.urn ? {} : { formerUrn: former.urn }),
    changes,
    blockedByProtect: replaced && former.options.protect === true,
  };
}

/** A value that is not known yet may turn out to be the old one. */
function isCertain({ before, after }: { before?: Wire; after?: Wire }): boolean {
  return !holdsUnknown(before) && !holdsUnknown(after);
}

const holdsUnknown = (value?: Wire) => JSON.stringify(value ?? null).includes(UNKNOWN);

/** Which property depends on which resource orders a deployment but changes nothing in it; nor does an alias. */
function comparable({ options }: PlanEntry): Wire {
  const { propertyDependencies: _, aliases: __, ...rest } = options;
  return rest as unknown as Wire;
}

type Difference = Omit<PropertyChange, 'forcesReplacement'>;

function compareValues(before: Wire | undefined, after: Wire | undefined, path: Segment[]): Difference[] {
  if (Array.isArray(before) && Array.isArray(after)) return compareLists(before, after, path);
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => compareValues(before[key], after[key], [...path, key]));
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}

/**
 * Items that all carry a name of their own (security rules, settings) are matched by it: one more in the middle is one
 * change and not one in each that follows. Other lists are matched by position.
 */
function compareLists(before: Wire[], after: Wire[], path: Segment[]): Difference[] {
  const oldByName = byName(before);
  const newByName = byName(after);
  if (!oldByName || !newByName) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, i) => compareValues(before[i], after[i], [...path, i])).flat();
  }
  const names = [...new Set([...oldByName.keys(), ...newByName.keys()])];
  const inItems = names.flatMap((name) => compareValues(oldByName.get(name), newByName.get(name), [...path, name]));
  if (inItems.length > 0 || before.length === 0) return inItems;
  const order = (items: Map<string, Wire>) => [...items.keys()].join(', ');
  const [was, is] = [order(oldByName), order(newByName)];
  return was === is ? [] : [{ path: [...path, 'order'], before: was, after: is }];
}

function byName(items: Wire[]): Map<string, Wire> | undefined {
  const named = new Map<string, Wire>();
  for (const item of items) {
    const name = isObject(item) ? item.name : undefined;
    if (typeof name !== 'string' || name === UNKNOWN || named.has(name)) return undefined;
    named.set(name, item);
  }
  return named;
}
