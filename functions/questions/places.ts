// Places of one process, some for each name.
import { Refused } from './refused.ts';

export interface Places {
  /** @returns what gives it back. @throws Refused where none is free. */
  take(name: string): () => void;
}

/** @param each most of one name. @param all most of all names together. */
export function makePlaces(each: number, all: number): Places {
  const taken = new Map<string, number>();
  let sum = 0;
  return {
    take: (name) => {
      const own = taken.get(name) ?? 0;
      if (sum >= all || own >= each)
        throw new Refused(429, 'Too many questions at once.', { until: new Date(Date.now() + 10_000) });
      taken.set(name, own + 1);
      sum += 1;
      return () => {
        const left = (taken.get(name) ?? 1) - 1;
        if (left > 0) taken.set(name, left);
        else taken.delete(name);
        sum -= 1;
      };
    },
  };
}
