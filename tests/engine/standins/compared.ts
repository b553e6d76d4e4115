// Where a resource differs from what it was: member by member, of all that can be set.
import { given, itemOf, type Members, membersOf, shapeOf } from './azure-shapes.ts';
import type { Thing } from './cloud.ts';
import { isObject, type Wire, type WireObject } from './values.ts';

/** A member that differs; undefined where there is none. */
export interface Difference {
  /** `securityRules[allow-ssh].priority`: what has a name goes by it. */
  path: string;
  was: Wire | undefined;
  is: Wire | undefined;
}

/**
 * What Azure fills in where nothing is sent, so that it makes no difference (Azure's REST reference, and `az`'s own output of resources
 * that were made with nothing of it).
 */
const DEFAULTS: Record<string, Wire> = {
  accessTier: 'Hot',
  allowExtensionOperations: true,
  allowSharedKeyAccess: true,
  auxiliaryMode: 'None',
  auxiliarySku: 'None',
  bypass: 'AzureServices',
  defaultAction: 'Allow',
  diskControllerType: 'SCSI',
  enableDdosProtection: false,
  enableAcceleratedNetworking: false,
  enableIPForwarding: false,
  enableVmProtection: false,
  disableTcpStateTracking: false,
  encryption: { type: 'EncryptionAtRestWithPlatformKey' },
  ddosSettings: { protectionMode: 'VirtualNetworkInherited' },
  exactVersion: '',
  idleTimeoutInMinutes: 4,
  networkRuleSet: { bypass: 'AzureServices', defaultAction: 'Allow' },
  nicType: 'Standard',
  osType: 'Linux',
  patchSettings: { assessmentMode: 'ImageDefault', patchMode: 'ImageDefault' },
  primary: true,
  privateEndpointNetworkPolicies: 'Disabled',
  privateIPAddressVersion: 'IPv4',
  privateLinkServiceNetworkPolicies: 'Enabled',
  requireGuestProvisionSignal: true,
};

/** Azure's own: numbers and states that a request may hold and that change nothing. */
const AZURES = /^(etag|id|type|provisioningState|resourceGuid|privateIPAddress|azureApiVersion|systemData)$/;

/** @param after undefined when it is gone. */
export function differencesOf(before: Thing, after: Thing | undefined): Difference[] {
  if (!after) return [{ path: '', was: before.id, is: undefined }];
  const shape = shapeOf(before.type);
  if (!shape) return compare(before.outputs, after.outputs, undefined, '');
  const members = new Map([...shape.inputs].map(([key, expression]) => [key, given(expression)]));
  return compareMembers(before.outputs, after.outputs, members, '');
}

/** A list of one range or prefix is what the member for a single one is. */
function single(value: WireObject): WireObject {
  const entries = Object.entries(value).map(([key, item]): [string, Wire] => {
    const isOne = /(Range|Prefixe)s$/.test(key) && Array.isArray(item) && item.length === 1;
    return isOne ? [key.replace(/(Range|Prefix)e?s$/, '$1'), item[0]!] : [key, item];
  });
  return Object.fromEntries(entries);
}

function compareMembers(had: WireObject, has: WireObject, members: Members | undefined, path: string): Difference[] {
  // The address space of a network always is a list.
  const [before, after] = path === 'addressSpace' ? [had, has] : [single(had), single(has)];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  // A reference is its id; a part's own id follows from its name.
  const isReference = path !== '' && !('name' in before);
  const settable = keys.filter(
    (key) => (members === undefined || members.has(key)) && (!AZURES.test(key) || (key === 'id' && isReference)),
  );
  return settable.flatMap((key) => {
    const [was, is] = [before[key], after[key]];
    if (was === undefined && is !== undefined && isDefault(key, is)) return [];
    if (is === undefined && was !== undefined && isDefault(key, was)) return [];
    return compare(was, is, members?.get(key), path ? `${path}.${key}` : key);
  });
}

const isDefault = (key: string, value: Wire) => key in DEFAULTS && text(DEFAULTS[key]!) === text(value);

function compare(
  was: Wire | undefined,
  is: Wire | undefined,
  expression: string | undefined,
  path: string,
): Difference[] {
  if (isEmpty(was) && isEmpty(is)) return [];
  if (isObject(was) && isObject(is)) {
    const members = expression === undefined ? undefined : membersOf(expression);
    return compareMembers(was, is, members, path);
  }
  if (Array.isArray(was) && Array.isArray(is) && [...was, ...is].every(isObject)) {
    const item = expression === undefined ? undefined : itemOf(expression);
    const [olds, news] = [named(was), named(is)];
    const keys = [...new Set([...olds.keys(), ...news.keys()])];
    return keys.flatMap((key) => compare(olds.get(key), news.get(key), item, `${path}[${key}]`));
  }
  return text(was, path) === text(is, path) ? [] : [{ path, was, is }];
}

const isEmpty = (value: Wire | undefined) =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);

/** By what tells them apart. */
const named = (list: Wire[]): Map<string, Wire> =>
  new Map(list.map((each, i) => [String((isObject(each) && (each.name ?? each.lun)) ?? i), each]));

/** Ids, protocols and images have no case; a list of plain values has no order. */
function text(value: Wire | undefined, path = ''): string {
  const written =
    JSON.stringify(Array.isArray(value) && !value.some(isObject) ? value.map(String).sort() : value) ?? '';
  const hasNoCase =
    Array.isArray(value) || /^"\/subscriptions\//i.test(written) || /(protocol|imageReference\.\w+)$/.test(path);
  return hasNoCase ? written.toLowerCase() : written;
}
