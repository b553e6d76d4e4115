// Puts the recorded members of an adopted resource into the inputs that the program gives.
import { Output } from '@pulumi/pulumi';

type Inputs = Record<string, unknown>;

/**
 * Recorded values win. An output stays an output; an item of a list for which null is recorded keeps the program's value. Two lists
 * of plain values become one list.
 */
export function merge<T>(into: T, recorded: unknown): T {
  if (recorded === null) return into;
  // The SDK makes an output of some members even where the program gives none: storage's networkRuleSet is one.
  if (Output.isInstance(into)) {
    return into.apply((value) => (typeof value === 'object' ? merge(value, recorded) : (value ?? recorded))) as T;
  }
  if (typeof into !== 'object' || into === null || typeof recorded !== 'object') return recorded as T;
  if (Array.isArray(into) && Array.isArray(recorded)) {
    if (recorded.every((each) => typeof each !== 'object')) {
      return [...into, ...recorded.filter((each) => !into.includes(each))] as T;
    }
    const more = recorded.slice(into.length).filter((each) => each !== null);
    return [...into.map((item, i) => merge(item, recorded[i] ?? null)), ...more] as T;
  }
  const entries = Object.entries(recorded).map(([key, value]) => [key, merge((into as Inputs)[key], value)]);
  return { ...into, ...Object.fromEntries(entries) };
}
