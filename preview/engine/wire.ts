// Pulumi's values as sent over gRPC: plain JSON in which signature keys mark secrets, unknowns, outputs, resources and
// assets. The constants are Pulumi's own (sdk/nodejs/runtime/rpc.ts in pulumi/pulumi).

/** A value on the wire. */
export type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };
export type WireObject = { [key: string]: Wire };

/** Marks a value that is known only after deployment. */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

const SIGNATURE_KEY = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';
const OUTPUT = 'd0e6a833031e9bbcd3f4e8bde6ca49a4';
const RESOURCE = '5cf8f73096256a8f31e491e813e4eb8e';
const ASSET = 'c44067f5952c0a294b673a41bacd8c17';
const ARCHIVE = '0def7320c3a5731c473e5ecbe6d01bc7';

/** The kind of an object by its signature; a plain object has none. */
export type Kind = 'secret' | 'output' | 'resource' | 'asset' | 'archive' | 'plain';

const KINDS: Record<string, Kind> = {
  [SECRET]: 'secret',
  [OUTPUT]: 'output',
  [RESOURCE]: 'resource',
  [ASSET]: 'asset',
  [ARCHIVE]: 'archive',
};

export function isObject(value: Wire | undefined): value is WireObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: WireObject): Kind {
  const signature = value[SIGNATURE_KEY];
  return (typeof signature === 'string' && KINDS[signature]) || 'plain';
}

export function isSecret(value: Wire): value is { value: Wire } {
  return isObject(value) && kindOf(value) === 'secret';
}

/** Wraps a value as a secret; a secret stays as it is. */
export function secret(value: Wire): Wire {
  if (isSecret(value)) return value;
  return { [SIGNATURE_KEY]: SECRET, value };
}

/**
 * Rewrites a value from the leaves up. `visit` gets every string, and every object with a signature after its content is
 * rewritten; it returns the replacement.
 */
export function rewrite(value: Wire, visit: (value: string | WireObject, kind: Kind) => Wire): Wire {
  if (typeof value === 'string') return visit(value, 'plain');
  if (Array.isArray(value)) return value.map((item) => rewrite(item, visit));
  if (!isObject(value)) return value;
  const kind = kindOf(value);
  const entries = Object.entries(value).map(([key, item]): [string, Wire] =>
    key === SIGNATURE_KEY ? [key, item] : [key, rewrite(item, visit)],
  );
  const rewritten = Object.fromEntries(entries);
  return kind === 'plain' ? rewritten : visit(rewritten, kind);
}

/**
 * The value as the engine passes it to a policy or to a resource's outputs: outputs become their value, the unknown
 * marker, or a secret of either; a resource becomes its id, a component its URN (MarshalProperties in pulumi/pulumi
 * with KeepUnknowns and KeepSecrets, without KeepOutputValues and KeepResources).
 */
export function flatten(value: Wire): Wire {
  return rewrite(value, (item, kind) => {
    if (typeof item === 'string') return item;
    if (kind === 'resource') return 'id' in item ? item.id! : item.urn!;
    if (kind !== 'output') return item;
    const known = 'value' in item ? item.value! : UNKNOWN;
    return item.secret === true ? secret(known) : known;
  });
}

/** {@link flatten} for a property bag, without Pulumi's internal keys, which begin with two underscores. */
export function flattenProperties(properties: WireObject): WireObject {
  const kept = Object.entries(properties).filter(([key]) => !key.startsWith('__'));
  return Object.fromEntries(kept.map(([key, value]) => [key, flatten(value)]));
}
