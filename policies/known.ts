// Turns what @pulumi/policy hands to a rule into plain data in which an unknown value is visible instead of thrown.

/** Stands where a value is not known during preview. */
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

/** A JSON-like value in which UNKNOWN may stand anywhere. */
export type Known = undefined | null | boolean | number | string | typeof UNKNOWN | Known[] | { [key: string]: Known };

/** An object of such values. */
export type KnownObject = { [key: string]: Known };

/** The value under `key`, with @pulumi/policy's "cannot be known during preview" error turned into UNKNOWN. */
export function read(container: object, key: string): unknown {
  try {
    return Reflect.get(container, key);
  } catch (error) {
    // The class is internal to @pulumi/policy; this property is what sets it apart from a programming error.
    if (error instanceof Error && 'unknownTypeSentinel' in error) return UNKNOWN;
    throw error;
  }
}

/**
 * Copies a value deeply. @pulumi/policy downgrades a mandatory rule to advisory as soon as it touches an unknown
 * property; a rule that reads this copy instead decides for itself what an unknown means.
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

/** The value at a path of object keys: UNKNOWN from the first unknown step on, undefined when a step is absent. */
export function at(value: Known, ...path: string[]): Known {
  let current = value;
  for (const key of path) {
    if (current === UNKNOWN) return UNKNOWN;
    if (!isObject(current)) return undefined;
    current = current[key];
  }
  return current;
}

/** True for a value that is there, known or not; Azure returns null or an empty text for some that are not. */
export function isSet(value: Known): boolean {
  return value === UNKNOWN || (value !== undefined && value !== null && value !== '');
}

/** The entries of a list, one UNKNOWN for a list that is not known, and none for anything else. */
export function entriesOf(value: Known): Known[] {
  if (value === UNKNOWN) return [UNKNOWN];
  return Array.isArray(value) ? value : [];
}
