// GOV-01: tags name the environment, project, owner and cost centre of every resource.
import { isObject, isSet, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { type Finding, REQUIRED, type ResourceRule, SET_IS_ENOUGH } from '../rule.ts';
import { VAULT_SECRET } from '../types.ts';

const REQUIRED_TAGS = ['environment', 'project', 'owner', 'costCenter'];
/** Types that have a location (for their identity) but no tags. */
const UNTAGGABLE = /:(PolicyAssignment|RoleAssignment)$/;
/** Types that have tags but no location. */
const WITHOUT_LOCATION: readonly string[] = [VAULT_SECRET];

/** Azure's tracked resources have a location and tags. A child (subnet, container, setting) has neither. */
function isTaggable({ type, props }: Resource): boolean {
  const isTracked = isSet(props.location) || isSet(props.tags) || WITHOUT_LOCATION.includes(type);
  return isTracked && !UNTAGGABLE.test(type);
}

export const requiredTags: ResourceRule = {
  id: 'GOV-01',
  name: 'governance-required-tags',
  phase: 0,
  severity: 'low',
  enforcement: 'mandatory',
  demand:
    'Every Azure resource with a location, and every Key Vault secret, has the tags environment, project, owner and costCenter, or those named in the policy configuration.',
  reason:
    'A resource without an owner is left running after an incident or a cost review because it is not clear whether it is needed.',
  fix: 'set tags on the resource; mqtt-saas:owner and mqtt-saas:costCenter set two of them',
  sources: [
    'Microsoft Learn, "Define your tagging strategy" (https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-tagging)',
  ],
  properties: {
    'ResourceGroup.tags': REQUIRED,
    'ResourceGroup.tags.owner': SET_IS_ENOUGH,
  },
  configSchema: { properties: { requiredTags: { type: 'array', items: { type: 'string' } } } },
  types: ['azure-native:*'],
  remedy: 'only the program knows who owns a resource',
  check(resource, config): Finding[] {
    if (!isTaggable(resource)) return [];
    const { urn, name, props } = resource;
    if (props.tags === UNKNOWN) return [{ urn, message: `"${name}": tags are not known during preview.` }];
    const required = Array.isArray(config.requiredTags) ? config.requiredTags.map(String) : REQUIRED_TAGS;
    const tags = isObject(props.tags) ? props.tags : {};
    const missing = required.filter((tag) => !isSet(tags[tag]));
    return missing.length === 0
      ? []
      : [{ urn, message: `"${name}" lacks the ${missing.length === 1 ? 'tag' : 'tags'} ${missing.join(', ')}.` }];
  },
};
