// What an exception is, and which resources it is about.

/** One accepted violation: what, where, why and until when. */
export interface Exception {
  /** Name of the policy. */
  policy: string;
  /** URN of the resource. `*` may stand for the stack's name, and ends the resource's name where the policy is advice. */
  urn: string;
  reason: string;
  /** Last day it is in force, ISO 8601, UTC. */
  expires: string;
}

/** A URN's parts; undefined when it is none. */
export function urnParts(urn: string): { stack: string; project: string; type: string; name: string } | undefined {
  const match = /^urn:pulumi:([^:]+)::([^:]+)::(.+?)::([^:]+)$/.exec(urn);
  if (match === null) return undefined;
  const [, stack, project, type, name] = match as unknown as [string, string, string, string, string];
  return { stack, project, type, name };
}

/** True when the pattern, a URN with `*` where an exception may have one, stands for this URN. */
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
