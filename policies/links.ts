// Finds the resources that a property refers to, also when their ids are not known yet.
import { type Known, UNKNOWN } from './known.ts';
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

/** The name, in lower case, that a reference holds: it is a resource id or the name itself. */
function nameIn(reference: string, type: string): string {
  const inId = new RegExp(`/${NAMING[type]!.segment}/([^/]+)`, 'i').exec(reference)?.[1];
  return (inId ?? reference).toLowerCase();
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
  const name = nameIn(value, type);
  const named = candidates.filter((candidate) => azureNames(candidate).includes(name));
  if (named.length > 0) return named;
  return candidates.every((candidate) => azureNames(candidate).length > 0) ? 'outside' : 'unknown';
}

/**
 * The same where a wrong guess would open a way: only what the value was made from, and of that only what does not
 * contradict a known value. Empty when nothing is sure; several when one of them is meant.
 */
export function followSurely(
  from: Resource,
  property: string,
  value: Known,
  type: string,
  resources: Resource[],
): Resource[] {
  const madeFrom = resources.filter(
    (resource) => resource.type === type && from.propertyDependencies[property]?.includes(resource.urn),
  );
  if (typeof value !== 'string') return value === UNKNOWN ? madeFrom : [];
  const name = nameIn(value, type);
  return madeFrom.filter((each) => azureNames(each).length === 0 || azureNames(each).includes(name));
}
