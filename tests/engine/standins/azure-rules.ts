// What Azure does with resources that belong together, and what it refuses; no type alone shows it. The provider knows nothing of it,
// so a program that breaks such a rule fails in the deployment. Each rule names where it is seen or written.
import type { Cloud, Thing } from './cloud.ts';
import { at, isObject, put, type Wire, type WireObject } from './values.ts';

/** What is to be made or changed. */
export interface Sent {
  type: string;
  id: string;
  inputs: WireObject;
}

const TYPE = (name: string) => `azure-native:${name}`;
const short = (type: string) => type.replace('azure-native:', '').replace(/\/v\d+\w*:/, ':');
const objects = (value: Wire | undefined): WireObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: Wire | undefined): string => (typeof value === 'string' ? value : '');
const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** The ids that a resource refers to, with what Azure calls the referring member. */
export function references(type: string, properties: WireObject): string[] {
  const ids: Wire[] = [];
  const id = (of: WireObject, path: string) => ids.push(at(of, path) ?? '');
  switch (short(type)) {
    case 'network:NetworkInterface':
      id(properties, 'networkSecurityGroup.id');
      for (const each of objects(properties.ipConfigurations)) {
        id(each, 'subnet.id');
        id(each, 'publicIPAddress.id');
      }
      break;
    case 'network:Subnet':
      id(properties, 'networkSecurityGroup.id');
      break;
    case 'compute:VirtualMachine':
      for (const each of objects(at(properties, 'networkProfile.networkInterfaces'))) id(each, 'id');
      for (const each of disksOf(properties)) id(each, 'managedDisk.id');
      break;
    case 'web:WebApp':
      id(properties, 'serverFarmId');
  }
  return ids.map(text).filter((each) => /^\/subscriptions\//i.test(each));
}

const disksOf = (machine: WireObject): WireObject[] => {
  const os = at(machine, 'storageProfile.osDisk');
  return [...(isObject(os) ? [os] : []), ...objects(at(machine, 'storageProfile.dataDisks'))];
};

/**
 * The answer to deleting what others use, by type: InUse… of hashicorp/terraform-provider-azurerm#688 and #8105, "Server farm … cannot
 * be deleted because it has web app(s) …" of Azure App Service, "Disk … is attached to VM" of Azure's disk errors.
 */
const IN_USE: Record<string, string> = {
  'network:NetworkSecurityGroup': 'InUseNetworkSecurityGroupCannotBeDeleted',
  'network:VirtualNetwork': 'InUseSubnetCannotBeDeleted',
  'network:Subnet': 'InUseSubnetCannotBeDeleted',
  'network:PublicIPAddress': 'PublicIPAddressCannotBeDeleted',
  'network:NetworkInterface': 'NicInUse',
  'compute:Disk': 'OperationNotAllowed',
  'web:AppServicePlan': 'Conflict',
};

/** Deletes. @throws Error when something else uses it. */
export function remove(cloud: Cloud, id: string): void {
  const thing = cloud.get(id);
  const code = thing && IN_USE[short(thing.type)];
  const user = code && userOf(cloud, id);
  if (user) throw new Error(`Code="${code}" Message="${id} is used by ${user.id}, so it cannot be deleted."`);
  cloud.remove(id);
  if (thing?.type === TYPE('compute:VirtualMachine')) removeWithMachine(cloud, thing.outputs);
}

function userOf(cloud: Cloud, id: string): Thing | undefined {
  const own = id.toLowerCase();
  const isIn = (each: string) => `${each.toLowerCase()}/`.startsWith(`${own}/`);
  return cloud.all().find((thing) => !isIn(thing.id) && references(thing.type, thing.outputs).some(isIn));
}

/**
 * With the machine goes what is attached with `deleteOption: Delete`, and with the interface its address when that says so ("Delete a VM
 * and attached resources", Microsoft Learn). Whatever says nothing stays: Detach is the default.
 */
function removeWithMachine(cloud: Cloud, machine: WireObject): void {
  const isDeleted = (each: WireObject) => each.deleteOption === 'Delete';
  for (const disk of disksOf(machine).filter(isDeleted)) cloud.remove(text(at(disk, 'managedDisk.id')));
  for (const { id, ...face } of objects(at(machine, 'networkProfile.networkInterfaces'))) {
    if (!isDeleted(face)) continue;
    const addresses = objects(cloud.get(text(id))?.outputs.ipConfigurations).map((each) => each.publicIPAddress);
    cloud.remove(text(id));
    for (const address of addresses.filter((each) => each !== undefined).filter(isObject)) {
      if (isDeleted(address)) cloud.remove(text(address.id));
    }
  }
}

/** Why Azure refuses to make or change a resource; undefined when it does not. */
export function refusal(cloud: Cloud, sent: Sent): string | undefined {
  const { type, id, inputs } = sent;
  // "InvalidResourceReference: Resource … referenced by resource … was not found" of Azure's deployment errors.
  const missing = references(type, inputs).find((each) => !cloud.get(each));
  if (missing) return `Code="InvalidResourceReference" Message="${missing}, referenced by ${id}, was not found."`;
  switch (short(type)) {
    case 'network:NetworkSecurityGroup':
      return refusedRules(objects(inputs.securityRules));
    case 'network:PublicIPAddress':
      return refusedAddress(cloud.get(id), inputs);
    case 'compute:VirtualMachine':
      return refusedMachine(cloud, sent);
  }
  return undefined;
}

/** SecurityRuleConflict (hashicorp/terraform-provider-azurerm#11137); names are unique and priorities 100 to 4096 (Microsoft Learn, NSG overview). */
function refusedRules(rules: WireObject[]): string | undefined {
  const seen = new Map<string, string>();
  for (const { name, priority, direction } of rules) {
    if (Number(priority) < 100 || Number(priority) > 4096)
      return `Code="SecurityRuleInvalidPriority" Message="Security rule ${name} has the priority ${priority}; allowed are 100 to 4096."`;
    for (const key of [text(name).toLowerCase(), `${text(direction).toLowerCase()} ${priority}`]) {
      const other = seen.get(key);
      if (other)
        return `Code="SecurityRuleConflict" Message="Security rule ${name} conflicts with rule ${other}. Rules cannot have the same Priority and Direction, or the same name."`;
      seen.set(key, text(name));
    }
  }
  return undefined;
}

/**
 * Zones never change, and a PUT without them asks for none (Azure/azure-cli#16653); `dnsSettings` without a label is an error
 * (hashicorp/terraform-provider-azurerm#31699). Another SKU is the provider's replacement, whose deletion `IN_USE` refuses.
 */
function refusedAddress(there: Thing | undefined, { zones, dnsSettings }: WireObject): string | undefined {
  const constraint = (value: Wire | undefined) =>
    Array.isArray(value) && value.length > 0 ? [...value].sort().join(', ') : 'NoZone';
  const [had, asked] = [constraint(there?.outputs.zones), constraint(zones)];
  if (there && had !== asked)
    return `Code="ResourceAvailabilityZonesCannotBeModified" Message="${there.id} has an existing availability zone constraint ${had} and the request has availability zone constraint ${asked}, which do not match."`;
  if (isObject(dnsSettings) && !dnsSettings.domainNameLabel)
    return 'Code="DnsRecordInvalid" Message="If a dnsSettings section exists, its domain name label must not be null or empty."';
  return undefined;
}

/**
 * Interfaces and disks are attached to one machine at a time (NicInUse, hashicorp/terraform-provider-azurerm#8105); a new system disk
 * must not be there already (ConflictingUserInput, hashicorp/terraform-provider-azurerm#15513), an attached one comes without image
 * (Azure/azure-powershell#29158) and without osProfile (MicrosoftDocs/azure-docs#21850).
 */
function refusedMachine(cloud: Cloud, { type, id, inputs }: Sent): string | undefined {
  const attached = new Set(references(type, inputs).map((each) => each.toLowerCase()));
  const others = cloud.all().filter((thing) => thing.type === type && !isSame(thing.id, id));
  for (const other of others) {
    const taken = references(type, other.outputs).find((each) => attached.has(each.toLowerCase()));
    if (taken) return `Code="NicInUse" Message="${taken} is used by ${other.id}."`;
  }
  if (cloud.get(id)) return undefined;
  const os = at(inputs, 'storageProfile.osDisk');
  if (!isObject(os)) return undefined;
  if (os.createOption === 'Attach') {
    for (const member of ['osProfile', 'storageProfile.imageReference'])
      if (at(inputs, member) !== undefined)
        return `Code="InvalidParameter" Message="Parameter '${member}' is not allowed with an attached system disk."`;
    return undefined;
  }
  const there = os.name !== undefined && cloud.get(diskId(id, text(os.name)));
  return there
    ? `Code="ConflictingUserInput" Message="Disk ${os.name} already exists. Only CreateOption.Attach is supported."`
    : undefined;
}

const diskId = (machine: string, name: string) =>
  machine.replace(/\/virtualMachines\/[^/]+$/i, `/disks/${encodeURIComponent(name)}`);

/** What comes with it: a machine's system disk; a private address stays as long as its configuration does. */
export function settle(cloud: Cloud, { type, id }: Sent, outputs: WireObject): void {
  if (short(type) === 'network:NetworkInterface') {
    const had = objects(cloud.get(id)?.outputs.ipConfigurations);
    for (const each of objects(outputs.ipConfigurations)) {
      const before = had.find(({ name }) => name === each.name)?.privateIPAddress;
      if (before !== undefined) each.privateIPAddress ??= before;
    }
  }
  if (short(type) !== 'compute:VirtualMachine') return;
  const os = at(outputs, 'storageProfile.osDisk');
  if (isObject(os) && typeof os.name === 'string') {
    const own = text(at(os, 'managedDisk.id')) || diskId(id, os.name);
    put(os, 'managedDisk.id', own);
    if (!cloud.get(own)) cloud.put({ id: own, type: TYPE('compute:Disk'), outputs: newDisk(os, outputs) });
  }
  // A machine shows of its disks what they have.
  for (const disk of disksOf(outputs)) {
    const there = cloud.get(text(at(disk, 'managedDisk.id')))?.outputs;
    if (there?.diskSizeGB !== undefined) disk.diskSizeGB ??= there.diskSizeGB;
    const sku = at(there, 'sku.name');
    if (sku !== undefined && at(disk, 'managedDisk.storageAccountType') === undefined)
      put(disk, 'managedDisk.storageAccountType', sku);
  }
}

function newDisk(
  { name = '', osType = 'Linux', diskSizeGB = 30, managedDisk = {} }: WireObject,
  machine: WireObject,
): WireObject {
  const sku = { name: at(managedDisk, 'storageAccountType') ?? 'Premium_LRS' };
  return {
    name,
    location: machine.location ?? '',
    osType,
    diskSizeGB,
    sku,
    creationData: { createOption: 'FromImage' },
  };
}
