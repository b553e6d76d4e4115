// What az prints about a resource. Versions of az spell some properties differently, so they are looked up regardless of case.

/** JSON as az prints it. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The value at a path; undefined if there is none, or null. Numbers are indexes in a list. */
export function at(value: Json | undefined, ...path: (string | number)[]): Json | undefined {
  let found: Json | undefined = value;
  for (const step of path) {
    if (Array.isArray(found)) found = found[Number(step)];
    else if (typeof found === 'object' && found !== null) found = property(found, String(step));
    else return undefined;
  }
  return found ?? undefined;
}

/** Some answers have a resource's own properties one level down. */
function property(value: { [key: string]: Json }, name: string): Json | undefined {
  const entry = Object.entries(value).find(([key]) => key.toLowerCase() === name.toLowerCase());
  if (entry) return entry[1];
  const { properties } = value;
  return typeof properties === 'object' && properties !== null && !Array.isArray(properties) && name !== 'properties'
    ? property(properties, name)
    : undefined;
}

/** The text at a path. @throws Error that names the missing member. */
export function textAt(value: Json | undefined, ...path: (string | number)[]): string {
  const found = at(value, ...path);
  if (typeof found === 'string' && found !== '') return found;
  throw new Error(`the recording of ${String(at(value, 'name') ?? 'a resource')} has no ${path.join('.')}`);
}

/** The list at a path; empty if there is none. */
export const items = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
