// NET-03: a rule that cannot be read cannot be vouched for.
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
    'Every field of an inbound security rule is known in the preview and well-formed: priority 100 to 4096, Allow or Deny, a protocol, prefixes, ports and service tags that Azure documents.',
  reason:
    'A value that appears only during the update, or that nobody understands, may open the machine after the review. @pulumi/policy would by itself turn the unknown case into mere advice.',
  fix: 'write the field from configuration instead of another resource, as a prefix, port or service tag',
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
  remedy: 'what a rule was meant to say only its author knows',
  types: [SECURITY_GROUP, SECURITY_RULE],
  check: (resource) =>
    resource.type === SECURITY_RULE
      ? unreadableFields(standaloneRule(resource), resource.urn)
      : inlineRules(resource).flatMap(({ parsed }) => unreadableFields(parsed, resource.urn)),
};
