// From what az prints of a resource to the inputs that the program would give it: the same words as azure-native's, nothing
// that only Azure knows. Pure.
import { at, items, type Json, textAt } from './json.ts';
import type { Recording } from './recording.ts';

/** Inputs of a resource; undefined members were not set. */
export type Inputs = { [key: string]: Json };

/** Leaves out what was not set: az prints every property, most of them null or empty lists. */
function compact(inputs: Record<string, Json | undefined>): Inputs {
  const entries = Object.entries(inputs).filter(
    ([, value]) => value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(entries) as Inputs;
}

const reference = (value: Json | undefined): Json | undefined => {
  const id = at(value, 'id');
  return id === undefined ? undefined : { id };
};

/** What nearly every resource has. */
const common = (value: Json) => ({
  resourceGroupName: textAt(value, 'resourceGroup'),
  location: textAt(value, 'location').replaceAll(' ', '').toLowerCase(),
  tags: at(value, 'tags'),
});

export const group = (value: Json): Inputs =>
  compact({ resourceGroupName: textAt(value, 'name'), location: textAt(value, 'location'), tags: at(value, 'tags') });

const RULE = [
  ...['name', 'description', 'priority', 'direction', 'access', 'protocol', 'sourcePortRange', 'sourcePortRanges'],
  ...['sourceAddressPrefix', 'sourceAddressPrefixes', 'destinationAddressPrefix', 'destinationAddressPrefixes'],
  ...['destinationPortRange', 'destinationPortRanges'],
];

export const securityRule = (value: Json): Inputs => {
  const groups = (side: string) => items(at(value, `${side}ApplicationSecurityGroups`)).map(reference);
  return compact({
    // Some versions of az print what is not set as an empty text.
    ...Object.fromEntries(RULE.map((key) => [key, at(value, key) === '' ? undefined : at(value, key)])),
    sourceApplicationSecurityGroups: groups('source').filter((each) => each !== undefined),
    destinationApplicationSecurityGroups: groups('destination').filter((each) => each !== undefined),
  });
};

export const securityGroup = (value: Json): Inputs =>
  compact({
    networkSecurityGroupName: textAt(value, 'name'),
    ...common(value),
    securityRules: items(at(value, 'securityRules')).map(securityRule),
  });

export const virtualNetwork = (value: Json): Inputs =>
  compact({
    virtualNetworkName: textAt(value, 'name'),
    ...common(value),
    addressSpace: { addressPrefixes: items(at(value, 'addressSpace', 'addressPrefixes')) },
  });

/** @param network the virtual network it is in. */
export const subnet = (value: Json, network: Json): Inputs =>
  compact({
    subnetName: textAt(value, 'name'),
    virtualNetworkName: textAt(network, 'name'),
    resourceGroupName: textAt(network, 'resourceGroup'),
    addressPrefix: subnetPrefix(value),
    networkSecurityGroup: reference(at(value, 'networkSecurityGroup')),
    defaultOutboundAccess: at(value, 'defaultOutboundAccess'),
  });

/** A subnet has one range, or a list with one. */
export const subnetPrefix = (value: Json): string =>
  String(at(value, 'addressPrefix') ?? textAt(value, 'addressPrefixes', 0));

export const publicAddress = (value: Json): Inputs =>
  compact({
    publicIpAddressName: textAt(value, 'name'),
    ...common(value),
    sku: compact({ name: at(value, 'sku', 'name'), tier: at(value, 'sku', 'tier') }),
    publicIPAddressVersion: at(value, 'publicIPAddressVersion'),
    publicIPAllocationMethod: at(value, 'publicIPAllocationMethod'),
    idleTimeoutInMinutes: at(value, 'idleTimeoutInMinutes'),
    zones: at(value, 'zones'),
  });

export const networkInterface = (value: Json): Inputs =>
  compact({
    networkInterfaceName: textAt(value, 'name'),
    ...common(value),
    enableIPForwarding: at(value, 'enableIPForwarding'),
    networkSecurityGroup: reference(at(value, 'networkSecurityGroup')),
    ipConfigurations: items(at(value, 'ipConfigurations')).map((each) =>
      compact({
        name: at(each, 'name'),
        primary: at(each, 'primary'),
        privateIPAllocationMethod: at(each, 'privateIPAllocationMethod'),
        subnet: reference(at(each, 'subnet')),
        publicIPAddress: reference(at(each, 'publicIPAddress')),
      }),
    ),
  });

export function machine(value: Json): Inputs {
  const disk = at(value, 'storageProfile', 'osDisk');
  return compact({
    ...machineBase(value),
    osProfile: compact({
      computerName: at(value, 'osProfile', 'computerName'),
      adminUsername: at(value, 'osProfile', 'adminUsername'),
      linuxConfiguration: compact({
        disablePasswordAuthentication: at(value, 'osProfile', 'linuxConfiguration', 'disablePasswordAuthentication'),
        provisionVMAgent: at(value, 'osProfile', 'linuxConfiguration', 'provisionVMAgent'),
        ssh: at(value, 'osProfile', 'linuxConfiguration', 'ssh'),
      }),
    }),
    storageProfile: compact({
      imageReference: compact(
        Object.fromEntries(
          ['publisher', 'offer', 'sku', 'version', 'id'].map((key) => [
            key,
            at(value, 'storageProfile', 'imageReference', key),
          ]),
        ),
      ),
      osDisk: compact({
        name: at(disk, 'name'),
        createOption: at(disk, 'createOption'),
        deleteOption: at(disk, 'deleteOption'),
        caching: at(disk, 'caching'),
        diskSizeGB: at(disk, 'diskSizeGB'),
        managedDisk: compact({ storageAccountType: at(disk, 'managedDisk', 'storageAccountType') }),
      }),
    }),
  });
}

/** The same machine made again around the disk it had. */
export function restoredMachine(value: Json): Inputs {
  const disk = at(value, 'storageProfile', 'osDisk');
  return compact({
    ...machineBase(value),
    storageProfile: {
      osDisk: compact({
        name: at(disk, 'name'),
        osType: 'Linux',
        createOption: 'Attach',
        deleteOption: 'Detach',
        caching: at(disk, 'caching'),
        managedDisk: { id: textAt(disk, 'managedDisk', 'id') },
      }),
    },
  });
}

const machineBase = (value: Json) => ({
  vmName: textAt(value, 'name'),
  ...common(value),
  zones: at(value, 'zones'),
  hardwareProfile: { vmSize: textAt(value, 'hardwareProfile', 'vmSize') },
  securityProfile: at(value, 'securityProfile'),
  identity: at(value, 'identity', 'type') === undefined ? undefined : { type: textAt(value, 'identity', 'type') },
  networkProfile: {
    networkInterfaces: items(at(value, 'networkProfile', 'networkInterfaces')).map((each) =>
      compact({ id: at(each, 'id'), primary: at(each, 'primary'), deleteOption: at(each, 'deleteOption') }),
    ),
  },
  diagnosticsProfile: at(value, 'diagnosticsProfile', 'bootDiagnostics', 'enabled')
    ? { bootDiagnostics: { enabled: true } }
    : undefined,
});

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

export const storageAccount = (value: Json): Inputs =>
  compact({
    accountName: textAt(value, 'name'),
    ...common(value),
    kind: at(value, 'kind'),
    sku: { name: textAt(value, 'sku', 'name') },
    accessTier: at(value, 'accessTier'),
    enableHttpsTrafficOnly: at(value, 'enableHttpsTrafficOnly'),
    minimumTlsVersion: at(value, 'minimumTlsVersion'),
    allowBlobPublicAccess: at(value, 'allowBlobPublicAccess'),
    // Where it was never set, Azure allows it.
    allowSharedKeyAccess: at(value, 'allowSharedKeyAccess') ?? true,
    isHnsEnabled: at(value, 'isHnsEnabled'),
  });

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

/** What stands for a setting's value, which is not recorded. */
const PLAIN_VALUE = 'not recorded';

/** The app with the names of its settings, each of them plain unless it refers to Key Vault. */
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

/** Application Insights, of which the list of resources says enough. */
export const insights = (value: Json): Inputs =>
  compact({
    resourceName: textAt(value, 'name'),
    ...common(value),
    kind: at(value, 'kind') ?? 'web',
    applicationType: at(value, 'kind') ?? 'web',
  });
