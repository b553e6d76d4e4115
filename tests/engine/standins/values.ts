// Values as a stand-in provider sees them: secrets and outputs opened, nulls left out (plugin.MarshalOptions with SkipNulls in
// pulumi/pulumi), an asset as one comparable text.
import type struct from 'google-protobuf/google/protobuf/struct_pb.js';
import { isObject, rewrite, UNKNOWN, type Wire, type WireObject } from '../../../preview/engine/wire.ts';

export { isObject, UNKNOWN, type Wire, type WireObject };

export const read = (given?: struct.Struct): WireObject => (given?.toJavaScript() ?? {}) as WireObject;

export function plain(value: WireObject): WireObject {
  const opened = rewrite(value, (item, kind) => {
    if (typeof item === 'string') return item;
    if (kind === 'secret') return item.value ?? null;
    if (kind === 'output') return 'value' in item ? item.value! : UNKNOWN;
    if (kind === 'resource') return item.id ?? item.urn!;
    return `${kind}:${item.hash ?? item.text ?? item.uri}`;
  });
  return withoutNulls(opened) as WireObject;
}

function withoutNulls(value: Wire): Wire {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(item)]));
}

/** The marker that the engine itself writes is one of several, by the kind of value. */
const UNKNOWNS = new Set([
  UNKNOWN,
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
]);
export const isUnknown = (value: Wire | undefined): boolean => typeof value === 'string' && UNKNOWNS.has(value);

/** A leaf that differs. */
export interface Change {
  /** `a.b[0].c` */
  path: string;
  /** Without its indices: `a.b[].c`. */
  form: string;
  kind: 'ADD' | 'DELETE' | 'UPDATE';
}

/** Where two values differ, as Pulumi's own comparison has it (sdk/go/common/resource in pulumi/pulumi): unknown is always different. */
export function differences(before: Wire, after: Wire, path = '', form = ''): Change[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => !key.startsWith('__'));
    const below = (prefix: string, key: string) => (prefix ? `${prefix}.${key}` : key);
    return keys.flatMap((key) => member(before[key], after[key], below(path, key), below(form, key)));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, i) => member(before[i], after[i], `${path}[${i}]`, `${form}[]`)).flat();
  }
  return before === after && !isUnknown(before) ? [] : [{ path, form, kind: 'UPDATE' }];
}

function member(before: Wire | undefined, after: Wire | undefined, path: string, form: string): Change[] {
  if (before === undefined) return [{ path, form, kind: 'ADD' }];
  if (after === undefined) return [{ path, form, kind: 'DELETE' }];
  return differences(before, after, path, form);
}

/** The value at a path of dots. */
export const at = (value: Wire | undefined, path: string): Wire | undefined =>
  path.split('.').reduce<Wire | undefined>((node, key) => (isObject(node) ? node[key] : undefined), value);

/** Sets the value at a path of dots, with the objects on the way. */
export function put(into: WireObject, path: string, value: Wire): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  let node = into;
  for (const key of keys) {
    if (!isObject(node[key])) node[key] = {};
    node = node[key] as WireObject;
  }
  node[last] = value;
}

/** Removes the value at a path of dots. */
export function drop(from: WireObject, path: string): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  const node = keys.length > 0 ? at(from, keys.join('.')) : from;
  if (isObject(node)) delete node[last];
}
