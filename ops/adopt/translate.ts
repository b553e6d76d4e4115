// Turns az's output for a resource into the inputs that the program would give it, with the names that make up its id. Pure.
import { plain } from './decisions.ts';
import { type Inputs, recordedInputs, recordedObject } from './declared.ts';
import { at, items, type Json, textAt } from './json.ts';
import type { Recording } from './recording.ts';

export type { Inputs } from './declared.ts';

/** Removes unset values: az prints every property, most of them null or empty lists. */
function compact(inputs: Record<string, Json | undefined>): Inputs {
  const entries = Object.entries(inputs).filter(
    ([, value]) => value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(entries) as Inputs;
}

/** The members of nearly every resource. */
const common = (value: Json) => ({
  resourceGroupName: textAt(value, 'resourceGroup'),
  location: plain(textAt(value, 'location')),
  tags: at(value, 'tags'),
});

/** A resource that the program declares, too, with every recorded input. @param names parts of its id. */
function whole(type: string, value: Json, names: Inputs): Inputs {
  const inputs = recordedInputs(type, value);
  return { ...names, ...inputs, ...(inputs.location === undefined ? {} : { location: plain(inputs.location) }) };
}

export const group = (value: Json): Inputs =>
  whole('resources:ResourceGroup', value, { resourceGroupName: textAt(value, 'name') });

export const securityRule = (value: Json): Inputs => recordedObject('inputs.network.SecurityRuleArgs', value);

export const securityGroup = (value: Json): Inputs =>
  whole('network:NetworkSecurityGroup', value, { networkSecurityGroupName: textAt(value, 'name') });

export const virtualNetwork = (value: Json): Inputs =>
  whole('network:VirtualNetwork', value, { virtualNetworkName: textAt(value, 'name') });

/** @param network its virtual network. */
export const subnet = (value: Json, network: Json): Inputs => ({
  ...whole('network:Subnet', value, { subnetName: textAt(value, 'name'), virtualNetworkName: textAt(network, 'name') }),
  addressPrefix: subnetPrefix(value),
});

/** A subnet has one range, or a list with one. */
export const subnetPrefix = (value: Json): string =>
  String(at(value, 'addressPrefix') ?? textAt(value, 'addressPrefixes', 0));

export const publicAddress = (value: Json): Inputs =>
  whole('network:PublicIPAddress', value, { publicIpAddressName: textAt(value, 'name') });

export function networkInterface(value: Json): Inputs {
  const inputs = whole('network:NetworkInterface', value, { networkInterfaceName: textAt(value, 'name') });
  // An address that Azure chose is not an input; one that somebody chose is.
  const ipConfigurations = items(inputs.ipConfigurations).map((each) => {
    const { privateIPAddress, ...rest } = each as Inputs;
    return rest.privateIPAllocationMethod === 'Static' ? (each as Inputs) : rest;
  });
  return { ...inputs, ipConfigurations };
}

export function machine(value: Json): Inputs {
  // It may hold secrets, and az prints it only on request.
  const { userData: _, ...inputs } = whole('compute:VirtualMachine', value, { vmName: textAt(value, 'name') });
  const { customData: __, adminPassword: ___, ...osProfile } = (inputs.osProfile ?? {}) as Inputs;
  return { ...inputs, ...(Object.keys(osProfile).length > 0 && { osProfile }) };
}

/** The same machine made again around its old disks. What is attached to it outlives it from now on. */
export function restoredMachine(value: Json): Inputs {
  const { osProfile: _, storageProfile, networkProfile, ...inputs } = machine(value);
  const { imageReference: __, osDisk, dataDisks, ...storage } = storageProfile as Inputs;
  const attached = (disk: Json, more: Inputs = {}) => {
    const { diskSizeGB: ___, image: ____, ...rest } = disk as Inputs;
    const managedDisk = { id: textAt(disk, 'managedDisk', 'id') };
    return { ...rest, ...more, createOption: 'Attach', deleteOption: 'Detach', managedDisk };
  };
  const interfaces = items(at(networkProfile, 'networkInterfaces')) as Inputs[];
  return {
    ...inputs,
    storageProfile: {
      ...storage,
      osDisk: attached(osDisk as Json, { osType: 'Linux' }),
      ...(items(dataDisks).length > 0 && { dataDisks: items(dataDisks).map((disk) => attached(disk)) }),
    },
    networkProfile: { networkInterfaces: interfaces.map((each) => ({ ...each, deleteOption: 'Detach' })) },
  };
}

export const disk = (value: Json): Inputs =>
  compact({
    diskName: textAt(value, 'name'),
    ...common(value),
    sku: { name: textAt(value, 'sku', 'name') },
    osType: at(value, 'osType'),
    hyperVGeneration: at(value, 'hyperVGeneration'),
    diskSizeGB: at(value, 'diskSizeGB'),
    creationData: { createOption: textAt(value, 'creationData', 'createOption') },
    networkAccessPolicy: at(value, 'networkAccessPolicy'),
    publicNetworkAccess: at(value, 'publicNetworkAccess'),
  });

export const storageAccount = (value: Json): Inputs => ({
  // Azure allows it unless it was set.
  allowSharedKeyAccess: true,
  ...whole('storage:StorageAccount', value, { accountName: textAt(value, 'name') }),
});

/** @param account its account. */
export const blobService = (value: Json, account: Json): Inputs =>
  whole('storage:BlobServiceProperties', value, {
    accountName: textAt(account, 'name'),
    blobServicesName: 'default',
  });

/** @param account its account. */
export const lifecycle = (value: Json, account: Json): Inputs =>
  whole('storage:ManagementPolicy', value, { accountName: textAt(account, 'name'), managementPolicyName: 'default' });

export const sshKey = (value: Json): Inputs =>
  compact({
    sshPublicKeyName: textAt(value, 'name'),
    ...common(value),
    publicKey: textAt(value, 'publicKey').trim(),
  });

export const plan = (value: Json): Inputs =>
  compact({
    name: textAt(value, 'name'),
    ...common(value),
    kind: at(value, 'kind'),
    reserved: at(value, 'reserved'),
    sku: compact({ name: at(value, 'sku', 'name'), tier: at(value, 'sku', 'tier') }),
  });

/** Stands for a setting's value, which is not recorded. */
const PLAIN_VALUE = 'not recorded';

/** The app with the names of its settings, each in plain text unless it refers to Key Vault. */
export const functionApp = ({ functionApp: app, functionAppConfig: config, appSettings }: Recording): Inputs =>
  compact({
    name: textAt(app, 'name'),
    ...common(app),
    kind: at(app, 'kind'),
    reserved: at(app, 'reserved'),
    serverFarmId: at(app, 'serverFarmId') ?? at(app, 'appServicePlanId'),
    httpsOnly: at(app, 'httpsOnly'),
    clientAffinityEnabled: at(app, 'clientAffinityEnabled'),
    siteConfig: compact({
      ftpsState: at(config, 'ftpsState'),
      minTlsVersion: at(config, 'minTlsVersion'),
      scmMinTlsVersion: at(config, 'scmMinTlsVersion'),
      http20Enabled: at(config, 'http20Enabled'),
      linuxFxVersion: at(config, 'linuxFxVersion'),
      remoteDebuggingEnabled: at(config, 'remoteDebuggingEnabled'),
      appSettings: appSettings.map((setting) => ({
        name: textAt(setting, 'name'),
        value: at(setting, 'reference') === true ? '@Microsoft.KeyVault(VaultName=x;SecretName=x)' : PLAIN_VALUE,
      })),
    }),
  });

/** Application Insights: the list of resources has enough. */
export const insights = (value: Json): Inputs =>
  compact({
    resourceName: textAt(value, 'name'),
    ...common(value),
    kind: at(value, 'kind') ?? 'web',
    applicationType: at(value, 'kind') ?? 'web',
  });
