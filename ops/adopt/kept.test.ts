// What the program has no place for and no phase may lose: each is sent as it was recorded, in every phase.
import { expect, test } from 'vitest';
import { at, type Json } from './json.ts';
import { adopted, type Change, id, nicOf, said, sent } from './testing/case.ts';

/** Kept: sent as it was recorded, in each phase. */
test.each<[what: string, change: Change, resource: string, path: string, value: Json]>([
  [
    "the address's name in DNS",
    (f) => (f['public-ip'].dnsSettings = { domainNameLabel: 'plant-7', fqdn: 'plant-7.eastasia.cloudapp.azure.com' }),
    'network-address',
    'dnsSettings.domainNameLabel',
    'plant-7',
  ],
  [
    'its name in reverse',
    (f) => (f['public-ip'].dnsSettings = { domainNameLabel: 'plant-7', reverseFqdn: 'mqtt.example.com.' }),
    'network-address',
    'dnsSettings.reverseFqdn',
    'mqtt.example.com.',
  ],
  ['its zones', (f) => (f['public-ip'].zones = ['1', '2', '3']), 'network-address', 'zones', ['1', '2', '3']],
  [
    'its tags of Azure',
    (f) => (f['public-ip'].ipTags = [{ ipTagType: 'RoutingPreference', tag: 'Internet' }]),
    'network-address',
    'ipTags.0.tag',
    'Internet',
  ],
  [
    'the range it is of',
    (f) => (f['public-ip'].publicIPPrefix = { id: id('Microsoft.Network/publicIPPrefixes', 'range') }),
    'network-address',
    'publicIPPrefix.id',
    id('Microsoft.Network/publicIPPrefixes', 'range'),
  ],
  ['its timeout', (f) => (f['public-ip'].idleTimeoutInMinutes = 30), 'network-address', 'idleTimeoutInMinutes', 30],
  [
    'its DDoS protection',
    (f) => (f['public-ip'].ddosSettings = { protectionMode: 'Enabled' }),
    'network-address',
    'ddosSettings.protectionMode',
    'Enabled',
  ],
  [
    'the kind of its SKU',
    (f) => (f['public-ip'].sku = { name: 'StandardV2', tier: 'Regional' }),
    'network-address',
    'sku.name',
    'StandardV2',
  ],
  [
    "the network's DNS servers",
    (f) => (f.vnet.dhcpOptions = { dnsServers: ['10.10.9.4', '10.10.9.5'] }),
    'network-vnet',
    'dhcpOptions.dnsServers',
    ['10.10.9.4', '10.10.9.5'],
  ],
  [
    'its second range',
    (f) => (f.vnet.addressSpace.addressPrefixes = ['10.10.0.0/16', '10.99.0.0/16']),
    'network-vnet',
    'addressSpace.addressPrefixes',
    ['10.10.0.0/16', '10.99.0.0/16'],
  ],
  ['its flow timeout', (f) => (f.vnet.flowTimeoutInMinutes = 20), 'network-vnet', 'flowTimeoutInMinutes', 20],
  [
    'its DDoS plan',
    (f) =>
      Object.assign(f.vnet, {
        enableDdosProtection: true,
        ddosProtectionPlan: {
          id: id('Microsoft.Network/ddosProtectionPlans', 'p'),
          resourceGroup: 'MyLowCostVM_group',
        },
      }),
    'network-vnet',
    'enableDdosProtection',
    true,
  ],
  [
    "the subnet's service endpoints",
    (f) => (f.vnet.subnets[0].serviceEndpoints = [{ service: 'Microsoft.Storage', locations: ['eastasia'] }]),
    'network-subnet',
    'serviceEndpoints.0.service',
    'Microsoft.Storage',
  ],
  [
    'its delegation',
    (f) =>
      (f.vnet.subnets[0].delegations = [
        { name: 'd', id: `${f.vnet.subnets[0].id}/delegations/d`, serviceName: 'Microsoft.Web/serverFarms' },
      ]),
    'network-subnet',
    'delegations.0.serviceName',
    'Microsoft.Web/serverFarms',
  ],
  [
    'its NAT gateway',
    (f) => (f.vnet.subnets[0].natGateway = { id: id('Microsoft.Network/natGateways', 'nat') }),
    'network-subnet',
    'natGateway.id',
    id('Microsoft.Network/natGateways', 'nat'),
  ],
  [
    'its route table',
    (f) => (f.vnet.subnets[0].routeTable = { id: id('Microsoft.Network/routeTables', 'rt'), resourceGroup: 'x' }),
    'network-subnet',
    'routeTable.id',
    id('Microsoft.Network/routeTables', 'rt'),
  ],
  [
    "the interface's accelerated networking",
    (f) => (f.nic.enableAcceleratedNetworking = true),
    'network-nic',
    'enableAcceleratedNetworking',
    true,
  ],
  [
    'its DNS servers',
    (f) => (f.nic.dnsSettings = { appliedDnsServers: ['10.10.9.4'], dnsServers: ['10.10.9.4'] }),
    'network-nic',
    'dnsSettings.dnsServers',
    ['10.10.9.4'],
  ],
  [
    'its fixed address',
    (f) => Object.assign(nicOf(f), { privateIPAllocationMethod: 'Static', privateIPAddress: '10.10.1.20' }),
    'network-nic',
    'ipConfigurations.0.privateIPAddress',
    '10.10.1.20',
  ],
  [
    'its application security group',
    (f) => (nicOf(f).applicationSecurityGroups = [{ id: id('Microsoft.Network/applicationSecurityGroups', 'asg') }]),
    'network-nic',
    'ipConfigurations.0.applicationSecurityGroups.0.id',
    id('Microsoft.Network/applicationSecurityGroups', 'asg'),
  ],
  [
    'the load balancer in front of it',
    (f) =>
      (nicOf(f).loadBalancerBackendAddressPools = [
        { id: id('Microsoft.Network/loadBalancers', 'lb/backendAddressPools/p') },
      ]),
    'network-nic',
    'ipConfigurations.0.loadBalancerBackendAddressPools.0.id',
    id('Microsoft.Network/loadBalancers', 'lb/backendAddressPools/p'),
  ],
  ["somebody's tags of the group", (f) => (f.group.tags = { wbs: 'X-17' }), 'group', 'tags.wbs', 'X-17'],
  ["somebody's tags of the machine", (f) => (f.vm.tags = { backup: 'daily' }), 'broker-vm', 'tags.backup', 'daily'],
  ['who manages the group', (f) => (f.group.managedBy = '/subscriptions/x'), 'group', 'managedBy', '/subscriptions/x'],
  ["the machine's zone", (f) => (f.vm.zones = ['1']), 'broker-vm', 'zones', ['1']],
  [
    'its availability set',
    (f) => (f.vm.availabilitySet = { id: id('Microsoft.Compute/availabilitySets', 'set') }),
    'broker-vm',
    'availabilitySet.id',
    id('Microsoft.Compute/availabilitySets', 'set'),
  ],
  ['that it is a spot machine', (f) => (f.vm.priority = 'Spot'), 'broker-vm', 'priority', 'Spot'],
  [
    'what its spot price may be',
    (f) => Object.assign(f.vm, { priority: 'Spot', billingProfile: { maxPrice: 0.02 }, evictionPolicy: 'Deallocate' }),
    'broker-vm',
    'billingProfile.maxPrice',
    0.02,
  ],
  [
    'the host it is on',
    (f) => (f.vm.host = { id: id('Microsoft.Compute/hostGroups', 'g/hosts/h') }),
    'broker-vm',
    'host.id',
    id('Microsoft.Compute/hostGroups', 'g/hosts/h'),
  ],
  [
    'how it is patched',
    (f) => (f.vm.osProfile.linuxConfiguration.patchSettings.patchMode = 'AutomaticByPlatform'),
    'broker-vm',
    'osProfile.linuxConfiguration.patchSettings.patchMode',
    'AutomaticByPlatform',
  ],
  [
    "the keys of its disk's encryption",
    (f) =>
      (f.vm.storageProfile.osDisk.managedDisk.diskEncryptionSet = {
        id: id('Microsoft.Compute/diskEncryptionSets', 'k'),
      }),
    'broker-vm',
    'storageProfile.osDisk.managedDisk.diskEncryptionSet.id',
    id('Microsoft.Compute/diskEncryptionSets', 'k'),
  ],
  [
    "the account's copies in another region",
    (f) => (f.storage[0].sku.name = 'Standard_GRS'),
    'storage-account',
    'sku.name',
    'Standard_GRS',
  ],
  ['its folders', (f) => (f.storage[0].isHnsEnabled = true), 'storage-account', 'isHnsEnabled', true],
  ['its tier', (f) => (f.storage[0].accessTier = 'Cool'), 'storage-account', 'accessTier', 'Cool'],
  [
    'its key of a vault',
    (f) =>
      (f.storage[0].encryption = {
        keySource: 'Microsoft.Keyvault',
        keyVaultProperties: { keyName: 'k', keyVaultUri: 'https://v.vault.azure.net' },
      }),
    'storage-account',
    'encryption.keyVaultProperties.keyName',
    'k',
  ],
  [
    'its immutability',
    (f) => (f.storage[0].immutableStorageWithVersioning = { enabled: true }),
    'storage-account',
    'immutableStorageWithVersioning.enabled',
    true,
  ],
  [
    'its own domain',
    (f) => (f.storage[0].customDomain = { name: 'files.example.com', useSubDomain: null }),
    'storage-account',
    'customDomain.name',
    'files.example.com',
  ],
  [
    'who comes from listed networks',
    (f) => (f.storage[0].networkRuleSet.ipRules = [{ action: 'Allow', ipAddressOrRange: '198.51.100.7' }]),
    'storage-account',
    'networkRuleSet.ipRules.0.iPAddressOrRange',
    '198.51.100.7',
  ],
  [
    'TLS that is newer',
    (f) => (f.storage[0].minimumTlsVersion = 'TLS1_3'),
    'storage-account',
    'minimumTlsVersion',
    'TLS1_3',
  ],
])('%s is kept', (_, change, resource, path, value) => {
  const plan = adopted(change);
  const { hardened, recorded } = plan.adoption.resources[resource]!;
  expect(at(recorded as Json, ...path.split('.')), 'recorded').toEqual(value);
  // Of a machine that is made around a disk Azure takes neither.
  const isOfNewDisk = /^osProfile|^storageProfile\.osDisk/.test(path);
  for (let phase = isOfNewDisk ? hardened : 0; phase <= 4; phase += 1) {
    expect(at(sent(plan, resource, phase), ...path.split('.')), `phase ${phase}`).toEqual(value);
  }
  expect(said(plan, resource, path)).toMatchObject({ outcome: 'kept', phase: hardened });
});
