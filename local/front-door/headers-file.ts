// Reads a `_headers` file as Cloudflare Pages does (https://developers.cloudflare.com/pages/configuration/headers/), so that the local
// dashboard has the same Content-Security-Policy as the deployed one.

/** One rule: headers for matching paths. */
export interface HeaderRule {
  matches: (path: string) => boolean;
  set: [name: string, value: string][];
  /** Headers of earlier rules that this one removes. */
  remove: string[];
}

/** Longest line that Pages accepts, in characters. */
const MAX_LINE = 2000;

/** @throws Error naming a line that Pages would drop, or that this reader does not support. */
export function parseHeadersFile(text: string): HeaderRule[] {
  const rules: HeaderRule[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const complain = (what: string) => new Error(`_headers line ${index + 1}: ${what}`);
    if (line.length > MAX_LINE) throw complain(`${line.length} characters, Pages takes ${MAX_LINE}`);
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (!/^\s/.test(line)) {
      if (!line.startsWith('/') || line.includes(':'))
        throw complain('a path begins with "/" and has no placeholder here');
      rules.push({ matches: matcher(line.trim()), set: [], remove: [] });
      continue;
    }
    const rule = rules.at(-1);
    if (rule === undefined) throw complain('a header before any path');
    const [, bang, name, value] = /^\s+(!\s*)?([A-Za-z0-9-]+)(?::\s*(.*\S))?\s*$/.exec(line) ?? [];
    if (name === undefined || (bang === undefined) === (value === undefined))
      throw complain('neither "Name: value" nor "! Name"');
    if (value === undefined) rule.remove.push(name.toLowerCase());
    else rule.set.push([name.toLowerCase(), value]);
  }
  return rules;
}

/** The headers of a path: all matching rules, in order; values of the same header are joined with a comma. */
export function headersFor(rules: readonly HeaderRule[], path: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const rule of rules.filter(({ matches }) => matches(path))) {
    for (const name of rule.remove) headers.delete(name);
    for (const [name, value] of rule.set)
      headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  return headers;
}

function matcher(pattern: string): (path: string) => boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const expression = new RegExp(`^${parts.join('.*')}$`);
  return (path) => expression.test(path);
}
