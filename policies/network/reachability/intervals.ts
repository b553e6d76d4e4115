// Exact set algebra over inclusive integer intervals, for addresses and ports.

/** All integers from `from` to `to`, both included. */
export interface Interval {
  from: bigint;
  to: bigint;
}

/** Sorted, disjoint and never adjacent, so equal sets have the same representation. Create one with `union`. */
export type IntervalSet = readonly Interval[];

/** The set that holds every integer of the given intervals. */
export function union(intervals: Iterable<Interval>): IntervalSet {
  const sorted = [...intervals].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  const merged: Interval[] = [];
  for (const { from, to } of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to + 1n) {
      if (to > last.to) last.to = to;
    } else {
      merged.push({ from, to });
    }
  }
  return merged;
}

/** The integers in both sets. */
export function intersect(left: IntervalSet, right: IntervalSet): IntervalSet {
  const common: Interval[] = [];
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    const a = left[i]!;
    const b = right[j]!;
    const from = a.from > b.from ? a : b;
    const to = a.to < b.to ? a : b;
    if (from.from <= to.to) common.push({ from: from.from, to: to.to });
    if (a.to < b.to) i++;
    else j++;
  }
  return common;
}

/** The integers of `left` that are not in `right`. */
export function subtract(left: IntervalSet, right: IntervalSet): IntervalSet {
  const rest: Interval[] = [];
  let next = 0;
  for (const { from, to } of left) {
    let start = from;
    while (next < right.length && right[next]!.to < from) next++;
    for (let i = next; i < right.length && right[i]!.from <= to; i++) {
      const hole = right[i]!;
      if (hole.from > start) rest.push({ from: start, to: hole.from - 1n });
      start = hole.to + 1n;
    }
    if (start <= to) rest.push({ from: start, to });
  }
  return rest;
}

/** True when every integer of `inner` is in `outer`. */
export function covers(outer: IntervalSet, inner: IntervalSet): boolean {
  return subtract(inner, outer).length === 0;
}
