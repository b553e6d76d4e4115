// What an exception is, and which resources it covers.

/** One accepted violation: what, where, why and until when. */
export interface Exception {
  /** Name of the policy. */
  policy: string;
  /** URN of the resource. `*` may replace the stack's name and, for an advisory policy, the end of the resource's name. */
  urn: string;
  reason: string;
  /** Last day on which it is in force, ISO 8601, UTC. */
  expires: string;
}

/** The parts of a URN; undefined when the text is not a URN. */
export function urnParts(urn: string): { stack: string; project: string; type: string; name: string } | undefined {
  const match = /^urn:pulumi:([^:]+)::([^:]+)::(.+?)::([^:]+)$/.exec(urn);
  if (match === null) return undefined;
  const [, stack, project, type, name] = match as unknown as [string, string, string, string, string];
  return { stack, project, type, name };
}

/** True when the pattern, a URN that may contain `*` as above, matches this URN. */
export function matches(pattern: string, urn: string): boolean {
  const expected = urnParts(pattern);
  const actual = urnParts(urn);
  if (expected === undefined || actual === undefined) return false;
  const isNamed = expected.name.endsWith('*')
    ? actual.name.startsWith(expected.name.slice(0, -1))
    : actual.name === expected.name;
  const isStack = expected.stack === '*' || expected.stack === actual.stack;
  return isNamed && isStack && expected.project === actual.project && expected.type === actual.type;
}
