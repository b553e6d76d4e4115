// NET-03: every security rule is known during preview and well-formed.
import { DEFAULT_IS_SAFE, REQUIRED, type ResourceRule } from '../rule.ts';
import { SECURITY_GROUP, SECURITY_RULE } from '../types.ts';
import { inlineRules, standaloneRule, unreadableFields } from './rule-groups.ts';

export const readableRules: ResourceRule = {
  id: 'NET-03',
  name: 'network-rules-readable',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'Every field of an inbound security rule is known during preview and well-formed: a priority from 100 to 4096, Allow or Deny, and a protocol, prefixes, ports and service tags that Azure documents.',
  reason:
    'A value that is known only during the update, or that cannot be interpreted, may open the machine after the review. Left to itself, @pulumi/policy would downgrade an unknown value to an advisory finding.',
  fix: 'take the value from configuration instead of another resource, as a prefix, port or service tag',
  sources: [
    'Microsoft Learn, "Network security groups" (https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview)',
    'Microsoft Learn, "Virtual network service tags" (https://learn.microsoft.com/azure/virtual-network/service-tags-overview)',
  ],
  properties: {
    'NetworkSecurityGroup.securityRules': DEFAULT_IS_SAFE,
    'NetworkSecurityGroup.securityRules[].access': REQUIRED,
    'NetworkSecurityGroup.securityRules[].direction': REQUIRED,
    'NetworkSecurityGroup.securityRules[].priority': REQUIRED,
    'NetworkSecurityGroup.securityRules[].protocol': REQUIRED,
    'NetworkSecurityGroup.securityRules[].sourceAddressPrefix': DEFAULT_IS_SAFE,
    'NetworkSecurityGroup.securityRules[].sourceAddressPrefixes': DEFAULT_IS_SAFE,
    'NetworkSecurityGroup.securityRules[].sourcePortRange': DEFAULT_IS_SAFE,
    'NetworkSecurityGroup.securityRules[].destinationAddressPrefix': DEFAULT_IS_SAFE,
    'NetworkSecurityGroup.securityRules[].destinationPortRange': DEFAULT_IS_SAFE,
    'SecurityRule.access': REQUIRED,
  },
  remedy: 'only the author knows what the rule should be',
  types: [SECURITY_GROUP, SECURITY_RULE],
  check: (resource) =>
    resource.type === SECURITY_RULE
      ? unreadableFields(standaloneRule(resource), resource.urn)
      : inlineRules(resource).flatMap(({ parsed }) => unreadableFields(parsed, resource.urn)),
};
