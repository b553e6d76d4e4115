// Paths into a resource's properties as Pulumi writes them: `securityRules[0].priority`, `tags["cost centre"]`, `*`.

export type Segment = string | number;

/** `*` is a segment that matches any other. */
export function parsePath(path: string): Segment[] {
  const segments: Segment[] = [];
  for (const [, quoted, index, name] of path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.[\]]+)/g)) {
    if (quoted !== undefined) segments.push(quoted.replace(/\\(.)/g, '$1'));
    else if (index !== undefined) segments.push(index === '*' ? index : Number(index));
    else segments.push(name!);
  }
  return segments;
}

export function formatPath(segments: Segment[]): string {
  return segments.reduce<string>((path, segment) => {
    if (typeof segment === 'number') return `${path}[${segment}]`;
    if (!/^[\w$*-]+$/.test(segment)) return `${path}[${JSON.stringify(segment)}]`;
    return path === '' ? segment : `${path}.${segment}`;
  }, '');
}

/** True when `path` is `pattern` or lies below it. */
export function covers(pattern: Segment[], path: Segment[]): boolean {
  return pattern.length <= path.length && pattern.every((segment, i) => segment === '*' || segment === path[i]);
}

/** True when one of the two contains the other, so a change at `path` affects `pattern`. */
export function touches(pattern: Segment[], path: Segment[]): boolean {
  return covers(pattern, path) || covers(path, pattern);
}
