// Finds the resources that a property refers to, even if their ids are not known yet.
import { type Known, UNKNOWN } from './known.ts';
import type { Resource } from './resource.ts';
import {
  EVENT_GRID_NAMESPACE,
  EVENT_HUBS_NAMESPACE,
  SECURITY_GROUP,
  STORAGE_ACCOUNT,
  SUBNET,
  VAULT,
  VIRTUAL_NETWORK,
  WEB_APP,
} from './types.ts';

/** What a reference points to: resources of the stack, something outside it, or something not known yet. */
export type Link = Resource[] | 'outside' | 'unknown';

/** How a resource type is named: the segment of a resource id before its name, and azure-native's input for the name. */
const NAMING: Record<string, { segment: string; nameInput: string }> = {
  [SECURITY_GROUP]: { segment: 'networkSecurityGroups', nameInput: 'networkSecurityGroupName' },
  [SUBNET]: { segment: 'subnets', nameInput: 'subnetName' },
  [VIRTUAL_NETWORK]: { segment: 'virtualNetworks', nameInput: 'virtualNetworkName' },
  [VAULT]: { segment: 'vaults', nameInput: 'vaultName' },
  [STORAGE_ACCOUNT]: { segment: 'storageAccounts', nameInput: 'accountName' },
  [WEB_APP]: { segment: 'sites', nameInput: 'name' },
  [EVENT_GRID_NAMESPACE]: { segment: 'Microsoft.EventGrid/namespaces', nameInput: 'namespaceName' },
  [EVENT_HUBS_NAMESPACE]: { segment: 'Microsoft.EventHub/namespaces', nameInput: 'namespaceName' },
};

/** Names the resource may have in Azure, in lower case: its output or its input. Empty when neither is known. */
function azureNames(resource: Resource): string[] {
  const { name, [NAMING[resource.type]!.nameInput]: input } = resource.props;
  return [name, input].filter((text) => typeof text === 'string').map((text) => text.toLowerCase());
}

/** The name in a reference, in lower case; the reference is a resource id or the name itself. */
function nameIn(reference: string, type: string): string {
  const inId = new RegExp(`/${NAMING[type]!.segment}/([^/]+)`, 'i').exec(reference)?.[1];
  return (inId ?? reference).toLowerCase();
}

/**
 * Follows a reference to resources of one type. Property dependencies come first, because they are right even if the value
 * is not known; then the name in a known value is compared, ignoring case as Azure does.
 * @param property top-level property of `from` that contains the reference.
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
 * The same where a wrong guess would let packets through: only property dependencies, and only those that do not contradict
 * a known value. Empty when nothing is certain; several when it is not certain which of them is meant.
 */
export function followCertain(
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
