// NET-02: inline and standalone rules of a network security group must have a single, defined order.
import { ONLY_KNOWN, type StackRule } from '../rule.ts';
import { ruleGroups } from './rule-groups.ts';

export const mergedRules: StackRule = {
  id: 'NET-02',
  name: 'network-rules-in-one-order',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'All rules of a network security group, inline or standalone, have different names and, in each direction, different priorities.',
  reason:
    'Azure keeps all rules of a group in one list. Two rules with the same name overwrite each other on every update; of two with the same priority, Azure refuses the second halfway through a deployment.',
  fix: 'give every rule of the group its own name and priority, and define the rules of a group either all inline or all standalone',
  sources: [
    'Microsoft Learn, "Network security groups" (https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview)',
  ],
  properties: {
    'SecurityRule.priority': ONLY_KNOWN,
    'SecurityRule.securityRuleName': ONLY_KNOWN,
  },
  checkStack: (resources) => ruleGroups(resources).flatMap(({ conflicts }) => conflicts),
};
