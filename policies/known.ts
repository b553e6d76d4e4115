// Turns what @pulumi/policy passes to a rule into plain data, where an unknown value is a symbol instead of an exception.

/** Takes the place of a value that is not known during preview. */
export const UNKNOWN = Symbol('unknown during preview');

/** Pulumi's wire markers for unknown values of each kind (sdk/go/common/resource/plugin/rpc.go, sdk/nodejs/runtime/rpc.ts). */
const MARKERS = new Set([
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
]);

/** A JSON-like value that may be UNKNOWN at any level. */
export type Known = undefined | null | boolean | number | string | typeof UNKNOWN | Known[] | { [key: string]: Known };

/** An object of such values. */
export type KnownObject = { [key: string]: Known };

/** The value under `key`, with @pulumi/policy's "cannot be known during preview" error turned into UNKNOWN. */
export function read(container: object, key: string): unknown {
  try {
    return Reflect.get(container, key);
  } catch (error) {
    // The class is internal to @pulumi/policy; this property tells it apart from a programming error.
    if (error instanceof Error && 'unknownTypeSentinel' in error) return UNKNOWN;
    throw error;
  }
}

/**
 * A deep copy of a value. @pulumi/policy downgrades a mandatory rule to advisory as soon as the rule reads an unknown
 * property; a rule that reads this copy decides itself what an unknown value means.
 */
export function known(value: unknown): Known {
  if (typeof value === 'string') return MARKERS.has(value) ? UNKNOWN : value;
  if (value === UNKNOWN || value === undefined || value === null) return value as Known;
  if (typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value !== 'object') return undefined;
  if (Array.isArray(value))
    return Array.from({ length: value.length }, (_, index) => known(read(value, String(index))));
  return Object.fromEntries(Object.keys(value).map((key) => [key, known(read(value, key))]));
}

/** True for an object that is neither a list nor null. */
export function isObject(value: Known): value is KnownObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of object keys: UNKNOWN if any step is unknown, undefined if a step is absent. */
export function at(value: Known, ...path: string[]): Known {
  let current = value;
  for (const key of path) {
    if (current === UNKNOWN) return UNKNOWN;
    if (!isObject(current)) return undefined;
    current = current[key];
  }
  return current;
}

/** True for a value that is present, known or not. Azure returns null or an empty string for some that are absent. */
export function isSet(value: Known): boolean {
  return value === UNKNOWN || (value !== undefined && value !== null && value !== '');
}

/** The entries of a list; one UNKNOWN for a list that is not known; none for anything else. */
export function entriesOf(value: Known): Known[] {
  if (value === UNKNOWN) return [UNKNOWN];
  return Array.isArray(value) ? value : [];
}
