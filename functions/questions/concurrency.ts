// How many may work at once in one process, of one name and of all.
import { Refused } from './refused.ts';

export interface ConcurrencyLimit {
  /** @returns what ends it. @throws Refused where as many work already. */
  acquire(name: string): () => void;
}

/** @param each most of one name. @param all most of all names together. */
export function makeConcurrencyLimit(each: number, all: number): ConcurrencyLimit {
  const working = new Map<string, number>();
  let sum = 0;
  return {
    acquire: (name) => {
      const own = working.get(name) ?? 0;
      if (sum >= all || own >= each)
        throw new Refused(429, 'Too many questions at once.', { until: new Date(Date.now() + 10_000) });
      working.set(name, own + 1);
      sum += 1;
      return () => {
        const left = (working.get(name) ?? 1) - 1;
        if (left > 0) working.set(name, left);
        else working.delete(name);
        sum -= 1;
      };
    },
  };
}
