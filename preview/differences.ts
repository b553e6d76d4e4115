// Compares two values leaf by leaf.
import { isObject, UNKNOWN, type Wire } from './engine/wire.ts';
import type { Segment } from './property-path.ts';
import { REDACTED } from './secrets.ts';

export interface Difference {
  path: Segment[];
  /** Absent when the property is new. */
  before?: Wire;
  /** Absent when the property is removed. */
  after?: Wire;
}

export function differences(before: Wire | undefined, after: Wire | undefined, path: Segment[] = []): Difference[] {
  if (Array.isArray(before) && Array.isArray(after)) return ofLists(before, after, path);
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => differences(before[key], after[key], [...path, key]));
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}

/**
 * Items with unique names (security rules, settings) are matched by name, so one new item in the middle is one change and not a
 * change in every item after it. Other lists are matched by position.
 */
function ofLists(before: Wire[], after: Wire[], path: Segment[]): Difference[] {
  const oldByName = byName(before);
  const newByName = byName(after);
  if (!oldByName || !newByName) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, i) => differences(before[i], after[i], [...path, i])).flat();
  }
  const names = [...new Set([...oldByName.keys(), ...newByName.keys()])];
  const inItems = names.flatMap((name) => differences(oldByName.get(name), newByName.get(name), [...path, name]));
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

export const holdsUnknown = (value?: Wire): boolean => JSON.stringify(value ?? null).includes(UNKNOWN);

/** Paths of leaves that are unknown until deployment, or secret: a plan does not show whether a secret is known. */
export function hiddenLeaves(value: Wire | undefined, path: Segment[]): Segment[][] {
  if (typeof value === 'string') return value.includes(UNKNOWN) || value.includes(REDACTED) ? [path] : [];
  if (Array.isArray(value)) return value.flatMap((item, i) => hiddenLeaves(item, [...path, i]));
  if (isObject(value)) return Object.entries(value).flatMap(([key, item]) => hiddenLeaves(item, [...path, key]));
  return [];
}
