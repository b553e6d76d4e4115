// EXC-01: an exception is a debt with a date. Every report names those in force; one that is not in order excuses nothing.
import type { StackRule } from '../rule.ts';
import type { Exceptions } from './exceptions.ts';

/** The rule about the pack's own exceptions. It must come last, when the others have used theirs. @param print takes one line. */
export function exceptionsInOrder(exceptions: Exceptions, print: (line: string) => void = console.log): StackRule {
  return {
    id: 'EXC-01',
    name: 'policy-exceptions-in-order',
    phase: 0,
    severity: 'high',
    enforcement: 'mandatory',
    demand:
      'Every exception in policies/exceptions.json names a policy that is not critical and one resource, gives a reason and has not expired; so does one of the policy configuration, which may be from a critical policy too. Those in force are listed in every report.',
    reason:
      'An exception that nobody has to renew outlives its reason, and one that no report shows is found by an attacker first.',
    fix: 'mend what is excepted and remove the entry, or renew its date where it is written with a reason that still holds',
    sources: [
      'Pulumi, "Policy configuration" (https://www.pulumi.com/docs/insights/policy/)',
      'cdk-nag, suppressions carry a reason',
    ],
    properties: {},
    checkStack(resources) {
      for (const line of exceptions.describe(resources.map(({ urn }) => urn))) print(line);
      return exceptions.problems.map((message) => ({ message }));
    },
  };
}
