import type { Firing } from './rules.ts';

/** How many firings in each of the last hours, the newest last. */
export function firingsByHour(firings: Firing[], hours: number, now: Date): number[] {
  const counts = new Array<number>(hours).fill(0);
  for (const { at } of firings) {
    const hour = hours - 1 - Math.floor((now.getTime() - Date.parse(at)) / 3_600_000);
    if (hour >= 0 && hour < hours) counts[hour] = (counts[hour] ?? 0) + 1;
  }
  return counts;
}
