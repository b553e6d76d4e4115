// EXC-01: every exception has an expiry date. Reports list the exceptions in force; an invalid one excuses nothing.
import type { StackRule } from '../rule.ts';
import type { Exceptions } from './exceptions.ts';

/** The rule about exceptions. It must come last, after the other rules have used theirs. @param print receives one line. */
export function exceptionsInOrder(exceptions: Exceptions, print: (line: string) => void = console.log): StackRule {
  return {
    id: 'EXC-01',
    name: 'policy-exceptions-in-order',
    phase: 0,
    severity: 'high',
    enforcement: 'mandatory',
    demand:
      'Every exception in policies/exceptions.json names one policy and one resource, gives a reason and has not expired. The policy must not be critical. An exception in the policy configuration must meet the same conditions but may be for a critical policy. Every report lists the exceptions in force.',
    reason:
      'An exception without an expiry date stays after its reason is gone, and an exception that no report shows is forgotten.',
    fix: 'fix the resource and remove the entry, or extend expires in the file that contains the entry, with a reason that is still valid',
    sources: [
      'Pulumi, "Policy configuration" (https://www.pulumi.com/docs/insights/policy/)',
      'cdk-nag: every suppression has a reason',
    ],
    properties: {},
    checkStack(resources) {
      for (const line of exceptions.describe(resources.map(({ urn }) => urn))) print(line);
      return exceptions.problems.map((message) => ({ message }));
    },
  };
}
