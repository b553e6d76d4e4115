// Finds a point of a box that no other box of a set covers. Plain geometry without addresses or ports.

/** Inclusive integer bounds, low and high of each dimension in turn: [low0, high0, low1, high1, ...]. */
export type Box = readonly number[];

function overlaps(a: Box, b: Box): boolean {
  for (let i = 0; i < a.length; i += 2) if (a[i]! > b[i + 1]! || b[i]! > a[i + 1]!) return false;
  return true;
}

function contains(outer: Box, inner: Box): boolean {
  for (let i = 0; i < outer.length; i += 2) if (outer[i]! > inner[i]! || outer[i + 1]! < inner[i + 1]!) return false;
  return true;
}

/** Where to cut: the dimension in which most covers end inside the box, at the middle one of their edges. */
function chooseCut(box: Box, covers: Box[]): { low: number; at: number } {
  let best = { low: 0, edges: [] as number[] };
  for (let low = 0; low < box.length; low += 2) {
    const edges: number[] = [];
    for (const cover of covers) {
      if (cover[low]! > box[low]!) edges.push(cover[low]!);
      if (cover[low + 1]! < box[low + 1]!) edges.push(cover[low + 1]! + 1);
    }
    if (edges.length > best.edges.length) best = { low, edges };
  }
  best.edges.sort((a, b) => a - b);
  return { low: best.low, at: best.edges[best.edges.length >> 1]! };
}

/**
 * A part of `box` that none of `covers` touches, or undefined when they cover all of it.
 *
 * The box is split at edges of the covers that end inside it until a piece is covered by one of them or touched by none,
 * as in Overmars and Yap's k-d partition: about n^(d/2) pieces at worst for n covers in d dimensions, against n^d for a
 * grid, and the search ends with the first gap.
 */
export function uncoveredPart(box: Box, covers: Box[]): Box | undefined {
  const touching = covers.filter((cover) => overlaps(cover, box));
  if (touching.length === 0) return box;
  if (touching.some((cover) => contains(cover, box))) return undefined;
  const { low, at } = chooseCut(box, touching);
  return uncoveredPart(box.with(low + 1, at - 1), touching) ?? uncoveredPart(box.with(low, at), touching);
}
