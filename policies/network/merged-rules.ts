// NET-02: rules inside a group and standalone rules of it must add up to one order.
import { ONLY_KNOWN, type StackRule } from '../rule.ts';
import { ruleGroups } from './rule-groups.ts';

export const mergedRules: StackRule = {
  id: 'NET-02',
  name: 'network-rules-in-one-order',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'Rules written inside a network security group and standalone rules of the same group have different names and, in each direction, different priorities.',
  reason:
    'Azure keeps all rules of a group in one list. Two with one name overwrite each other on every update, and of two with one priority the second is refused halfway through a deployment.',
  fix: 'give every rule of the group its own name and priority, and write a group either with its rules inside or with standalone ones',
  sources: [
    'Microsoft Learn, "Network security groups" (https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview)',
  ],
  properties: {
    'SecurityRule.priority': ONLY_KNOWN,
    'SecurityRule.securityRuleName': ONLY_KNOWN,
  },
  checkStack: (resources) => ruleGroups(resources).flatMap(({ conflicts }) => conflicts),
};
