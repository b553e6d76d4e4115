// NET-03: a rule that cannot be read cannot be vouched for.
import type { ResourceRule } from '../define.ts';
import { inlineRules, standaloneRule, unreadableFields } from './rule-groups.ts';
import { SECURITY_GROUP, SECURITY_RULE } from './types.ts';

export const readableRules: ResourceRule = {
  id: 'NET-03',
  name: 'network-rules-readable',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'Every field of an inbound security rule is known in the preview and well-formed: priority 100 to 4096, Allow or Deny, a protocol, prefixes, ports and service tags that Azure documents.',
  reason:
    'A value that appears only during the update, or that nobody understands, may open the machine after the review. @pulumi/policy would by itself turn the unknown case into mere advice.',
  fix: 'write the field from configuration instead of another resource, as a prefix, port or service tag',
  types: [SECURITY_GROUP, SECURITY_RULE],
  check: (resource) =>
    resource.type === SECURITY_RULE
      ? unreadableFields(standaloneRule(resource), resource.urn)
      : inlineRules(resource).flatMap(({ parsed }) => unreadableFields(parsed, resource.urn)),
};
