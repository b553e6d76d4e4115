// Finds the resources that a property refers to, also when their ids are not known yet.
import type { Known } from './known.ts';
import type { Resource } from './resource.ts';
import { SECURITY_GROUP, STORAGE_ACCOUNT, SUBNET, VAULT, VIRTUAL_NETWORK, WEB_APP } from './types.ts';

/** Where a reference leads: to resources of the stack, to something outside it, or nobody can tell yet. */
export type Link = Resource[] | 'outside' | 'unknown';

/** How a kind of resource is named: the part of a resource id before its name, and azure-native's input for the name. */
const NAMING: Record<string, { segment: string; nameInput: string }> = {
  [SECURITY_GROUP]: { segment: 'networkSecurityGroups', nameInput: 'networkSecurityGroupName' },
  [SUBNET]: { segment: 'subnets', nameInput: 'subnetName' },
  [VIRTUAL_NETWORK]: { segment: 'virtualNetworks', nameInput: 'virtualNetworkName' },
  [VAULT]: { segment: 'vaults', nameInput: 'vaultName' },
  [STORAGE_ACCOUNT]: { segment: 'storageAccounts', nameInput: 'accountName' },
  [WEB_APP]: { segment: 'sites', nameInput: 'name' },
};

/** Names the resource may have in Azure, in lower case: its output, or its input. Empty when they are not known. */
function azureNames(resource: Resource): string[] {
  const { name, [NAMING[resource.type]!.nameInput]: input } = resource.props;
  return [name, input].filter((text) => typeof text === 'string').map((text) => text.toLowerCase());
}

/**
 * Follows a reference to resources of one type. What the value was made from comes first, for that is right even when
 * the value is not known; then the name in a known value is compared in any letter case, as Azure does.
 * @param property top-level property of `from` that holds the reference.
 * @param value the reference: a name or a resource id.
 */
export function follow(from: Resource, property: string, value: Known, type: string, resources: Resource[]): Link {
  const candidates = resources.filter((resource) => resource.type === type);
  const madeFrom = candidates.filter(({ urn }) => from.propertyDependencies[property]?.includes(urn));
  if (madeFrom.length > 0) return madeFrom;
  if (typeof value !== 'string') return 'unknown';
  const inId = new RegExp(`/${NAMING[type]!.segment}/([^/]+)`, 'i').exec(value)?.[1];
  const name = (inId ?? value).toLowerCase();
  const named = candidates.filter((candidate) => azureNames(candidate).includes(name));
  if (named.length > 0) return named;
  return candidates.every((candidate) => azureNames(candidate).length > 0) ? 'outside' : 'unknown';
}
