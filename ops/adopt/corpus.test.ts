// Recordings with one thing in them that the program does not have: what each phase sends, and what is said of it. The program's own
// inputs are those of the committed plan; no engine is needed for a merge.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import type { Plan } from '../../preview/plan.ts';
import type { Violation } from '../../preview/policy/violation.ts';
import { inputsOf } from '../../stacks/adoption.ts';
import type { Member } from './account.ts';
import { attachedForLife } from './beside.ts';
import { at, type Json } from './json.ts';
import { type AdoptionPlan, type Decided, planAdoption } from './plan.ts';
import { readRecording } from './recording.ts';
import { baseFiles, type Files, GROUP_ID, write } from './testing/recordings.ts';
import { phaseOf } from './today.ts';

const SNAPSHOT: Plan = JSON.parse(readFileSync(join(ROOT, 'stacks/snapshots/dev.json'), 'utf8'));
const DAYS = { publicUntil: '2099-03-31', gatewayUntil: '2099-12-31' };

type Change = (files: Files) => void;

function adopted(change: Change, decided: Partial<Decided> = {}): AdoptionPlan {
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return planAdoption(readRecording(write({ name: 'one', change }, folder)), { ...DAYS, ...decided });
}

/** What a phase sends of a resource, once it was deployed. */
function sent({ adoption, config }: AdoptionPlan, name: string, phase: number): Json {
  const inputs: Record<string, unknown> = { ...SNAPSHOT.find((entry) => entry.name === name)?.inputs };
  if (name === 'network-vnet') inputs.addressSpace = { addressPrefixes: [config.addressSpace] };
  return inputsOf(name, inputs, { ...adoption, phase, reached: 4 }) as Json;
}

/** What the account says of a member, and in which phase. */
function said({ account }: AdoptionPlan, name: string, path: string): (Member & { phase: number }) | undefined {
  return account
    .flatMap(({ phase, resources }) => resources.map((each) => ({ phase, ...each })))
    .filter(({ resource }) => resource === name)
    .flatMap(({ phase, members }) => members.map((member) => ({ ...member, phase })))
    .find((member) => member.path === path);
}

const id = (type: string, name: string) => `${GROUP_ID}/providers/${type}/${name}`;
const nicOf = (files: Files) => files.nic.ipConfigurations[0];

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
  expect(said(plan, resource, path)).toMatchObject({ fate: 'kept', phase: hardened });
});

/** Changed: as recorded before its phase, then otherwise, with the reason and the way back. */
test.each<
  [what: string, change: Change, resource: string, path: string, fate: string, phase: number, then: Json | undefined]
>([
  [
    'an address that Azure may change',
    (f) => (f['public-ip'].publicIPAllocationMethod = 'Dynamic'),
    'network-address',
    'publicIPAllocationMethod',
    'set',
    1,
    'Static',
  ],
  [
    'an address that is deleted with the machine',
    (f) => (nicOf(f).publicIPAddress.deleteOption = 'Delete'),
    'network-nic',
    'ipConfigurations.0.publicIPAddress.deleteOption',
    'set',
    1,
    'Detach',
  ],
  [
    'the same, said of the address',
    (f) => (f['public-ip'].deleteOption = 'Delete'),
    'network-address',
    'deleteOption',
    'set',
    1,
    'Detach',
  ],
  [
    'an interface that forwards',
    (f) => (f.nic.enableIPForwarding = true),
    'network-nic',
    'enableIPForwarding',
    'set',
    2,
    false,
  ],
  [
    'the way out of a subnet',
    (f) => (f.vnet.subnets[0].defaultOutboundAccess = true),
    'network-subnet',
    'defaultOutboundAccess',
    'set',
    1,
    false,
  ],
  [
    "a tag that is the platform's too",
    (f) => (f.group.tags = { Owner: 'somebody' }),
    'group',
    'tags.Owner',
    'set',
    1,
    'platform@example.com',
  ],
  [
    'another administrator',
    (f) => (f.vm.osProfile.adminUsername = 'bob'),
    'broker-vm',
    'osProfile.adminUsername',
    'set',
    2,
    'azureuser',
  ],
  [
    'disks with data',
    (f) =>
      f.vm.storageProfile.dataDisks.push({
        lun: 3,
        name: 'data',
        createOption: 'Attach',
        deleteOption: 'Delete',
        managedDisk: { id: id('Microsoft.Compute/disks', 'data') },
      }),
    'broker-vm',
    'storageProfile.dataDisks',
    'taken away',
    2,
    undefined,
  ],
  [
    'boot logs in an account',
    (f) => (f.vm.diagnosticsProfile.bootDiagnostics.storageUri = 'https://stzeroclaw7f3a.blob.core.windows.net/'),
    'broker-vm',
    'diagnosticsProfile.bootDiagnostics.storageUri',
    'taken away',
    2,
    undefined,
  ],
  ['a licence', (f) => (f.vm.licenseType = 'RHEL_BYOS'), 'broker-vm', 'licenseType', 'taken away', 2, undefined],
  [
    'a plan of the marketplace',
    (f) => (f.vm.plan = { name: 'p', product: 'x', publisher: 'y' }),
    'broker-vm',
    'plan',
    'taken away',
    2,
    undefined,
  ],
  ['an account that takes keys', () => {}, 'storage-account', 'allowSharedKeyAccess', 'set', 3, false],
  [
    "SFTP's users",
    (f) => (f.storage[0].isLocalUserEnabled = true),
    'storage-account',
    'isLocalUserEnabled',
    'set',
    3,
    false,
  ],
])('%s: said, with the way back', (_, change, resource, path, fate, phase, then) => {
  const plan = adopted(change);
  const { recorded } = plan.adoption.resources[resource]!;
  const found = (in_: number) => at(sent(plan, resource, in_), ...path.split('.'));
  expect(said(plan, resource, path)).toMatchObject({ fate, phase, why: /\w/, back: `phase ${phase - 1}` });
  if (path.startsWith('tags'))
    expect(Object.keys(at(sent(plan, resource, phase), 'tags') as object)).not.toContain('Owner');
  if (then !== undefined) expect(found(phase)).toEqual(then);
  else if (path !== 'storageProfile.dataDisks') expect(found(phase)).toBeUndefined();
  // The machine comes back around its disks; what else it was given with the disks belongs to the image.
  if (!path.startsWith('osProfile') && path !== 'storageProfile.dataDisks')
    expect(found(phase - 1)).toEqual(at(recorded as Json, ...path.split('.')));
});

/** Refused by name, with what it breaks; accepted, it is done. */
test.each<[what: string, change: Change, name: string, told: string]>([
  [
    'a size that the platform is not made for',
    (f) => (f.vm.hardwareProfile.vmSize = 'Standard_D2s_v3'),
    'broker-vm.hardwareProfile.vmSize',
    'Standard_D2s_v3',
  ],
  [
    'a name in DNS that Azure completes',
    (f) => (f['public-ip'].dnsSettings = { domainNameLabel: 'plant-7', domainNameLabelScope: 'TenantReuse' }),
    'network-address.dnsSettings.domainNameLabelScope',
    'TenantReuse',
  ],
  [
    "the machine's own identity",
    (f) => (f.vm.identity = { type: 'SystemAssigned', principalId: 'p' }),
    'broker-vm.identity.type',
    'every role',
  ],
  ['data for its programs', (f) => (f.vm.userData = 'c2VjcmV0'), 'broker-vm.userData', 'az vm update --user-data'],
  [
    'its extensions',
    (f) => (f.vm.resources = [{ name: 'AzureMonitorLinuxAgent', typePropertiesType: 'AzureMonitorLinuxAgent' }]),
    'broker-vm.extensions',
    'AzureMonitorLinuxAgent',
  ],
  [
    'a disk in the host',
    (f) => (f.vm.storageProfile.osDisk.diffDiskSettings = { option: 'Local', placement: 'CacheDisk' }),
    'broker-vm.storageProfile.osDisk.diffDiskSettings',
    'no way back',
  ],
  [
    'a group in another region',
    (f) => (f.group.location = 'West Europe'),
    'group.location',
    'governance-allowed-places-and-sizes',
  ],
  ['premium storage', (f) => (f.storage[0].sku.name = 'Premium_LRS'), 'storage-account.sku.name', '--storage none'],
  [
    "names of people's own that lead to the old app",
    (f) => (f.functionapp.hostNames = ['func-zeroclaw-b1s-7f3a.azurewebsites.net', 'hooks.example.com']),
    'before-function-app.hostNames',
    '["hooks.example.com"]',
  ],
  [
    'a lock',
    (f) => (f.locks = [{ id: id('Microsoft.Authorization/locks', 'keep'), name: 'keep', level: 'CanNotDelete' }]),
    'group.locks',
    'CanNotDelete',
  ],
  [
    'another machine in the subnet',
    (f) =>
      f.vnet.subnets[0].ipConfigurations.push({
        id: id('Microsoft.Network/networkInterfaces', 'zeroclaw-b1s1234/ipConfigurations/i'),
      }),
    'network-subnet.sharedWith',
    'networkinterfaces/zeroclaw-b1s1234',
  ],
  [
    'another interface under the same rules',
    (f) => f.nsg.networkInterfaces.push({ id: id('Microsoft.Network/networkInterfaces', 'other') }),
    'network-nsg.sharedWith',
    'networkinterfaces/other',
  ],
  [
    'other rules of the subnet',
    (f) => (f.vnet.subnets[0].networkSecurityGroup = { id: id('Microsoft.Network/networkSecurityGroups', 'strict') }),
    'network-subnet.otherSecurityGroup',
    'networkSecurityGroups/strict',
  ],
  ['an account of the first kind', (f) => (f.storage[0].kind = 'Storage'), 'storage-account.kind', 'for good'],
  [
    'an account closed to all networks',
    (f) => (f.storage[0].publicNetworkAccess = 'Disabled'),
    'storage-account.publicNetworkAccess',
    '--storage none',
  ],
  [
    'an account closed to most',
    (f) => (f.storage[0].networkRuleSet.defaultAction = 'Deny'),
    'storage-account.networkRuleSet.defaultAction',
    '--storage none',
  ],
])('%s is refused until somebody says so', (_, change, name, told) => {
  expect(() => adopted(change)).toThrow(`  ${name} (`);
  expect(() => adopted(change)).toThrow(told);
  expect(() => adopted(change)).toThrow(`--accept ${name}`);
  expect(adopted(change, { accepted: [name] }).adoption.accepted).toEqual([name]);
  // Of a whole resource at once, too.
  adopted(change, { accepted: [name.split('.')[0]!] });
});

test.each<[what: string, change: Change, message: string]>([
  ['an address of the kind that Azure has retired', (f) => (f['public-ip'].sku.name = 'Basic'), 'upgrade it first'],
  ['two interfaces', (f) => f.vm.networkProfile.networkInterfaces.push({ id: '/x' }), 'has 2 interfaces'],
  [
    'a subnet of two ranges',
    (f) => (f.vnet.subnets[0].addressPrefixes = ['10.10.1.0/24', 'fd00::/64']),
    'several address ranges',
  ],
  [
    'files of another interface',
    (f) => (f.nic.id = f.nic.id.replace('zeroclaw-b1s123', 'other')),
    'nic.json is not the interface',
  ],
  ['an account without blobs', (f) => (f.storage[0].kind = 'FileStorage'), '--storage none'],
])('%s is no environment for it', (_, change, message) => {
  expect(() => adopted(change)).toThrow(message);
});

const second: Change = (f) =>
  f.storage.unshift({
    ...f.storage[0],
    name: 'sttfstate01',
    id: id('Microsoft.Storage/storageAccounts', 'sttfstate01'),
  });
const unknown: Change = (f) => (f['function-storage'] = '');
const both: Change = (f) => {
  second(f);
  unknown(f);
};

test('a group in another region stays there: Azure would make another one', () => {
  const plan = adopted((f) => (f.group.location = 'West Europe'), { accepted: ['group.location'] });
  for (let phase = 0; phase <= 4; phase += 1)
    expect(sent(plan, 'group', phase)).toMatchObject({ location: 'westeurope' });
});

test('what an interface keeps until the cut-over is excused until then', () => {
  const { adoption } = adopted((f) => (f.nic.enableIPForwarding = true));
  const urn = 'urn:pulumi:dev::mqtt-saas::mqtt-saas:index:Network$azure-native:network:NetworkInterface::network-nic';
  const of = (policy: string) =>
    phaseOf({ urn, policy, message: '"network-nic" …', level: 'mandatory' } as Violation, adoption);
  expect([of('network-no-ip-forwarding'), of('governance-required-tags')]).toEqual([2, 1]);
});

test('of several accounts the function’s is taken, or the one that is named, never just the first', () => {
  const taken = (plan: AdoptionPlan) => [
    plan.adoption.names.st,
    plan.adoption.resources['storage-account']?.id.split('/').at(-1),
  ];
  expect(taken(adopted(second))).toEqual(['stzeroclaw7f3a', 'stzeroclaw7f3a']);
  expect(() => adopted(both)).toThrow(/which of sttfstate01, stzeroclaw7f3a is the Function App.*--storage NAME/);
  expect(taken(adopted(both, { storage: 'sttfstate01' }))).toEqual(['sttfstate01', 'sttfstate01']);
  expect(taken(adopted(both, { storage: 'none' }))).toEqual([undefined, undefined]);
  expect(() => adopted(second, { storage: 'other' })).toThrow('no storage account "other"');
  // It works with one of another group: this one is none of its business.
  expect(() => adopted((f) => (f['function-storage'] = 'stelsewhere'))).toThrow('no storage account "stelsewhere"');
  const ours = 'stzeroclaw7f3a';
  for (const [name, value] of [
    ['AzureWebJobsStorage', `DefaultEndpointsProtocol=https;AccountName=${ours};AccountKey=c2VjcmV0`],
    ['AzureWebJobsStorage__accountName', ours],
    ['AzureWebJobsStorage__blobServiceUri', `https://${ours}.blob.core.windows.net`],
  ]) {
    const plan = adopted((f) => {
      both(f);
      f.appsettings.push({ name, value, slotSetting: false });
    });
    expect(taken(plan)).toEqual([ours, ours]);
    expect(JSON.stringify(plan)).not.toContain('c2VjcmV0');
  }
});

test('whatever is deleted with the machine is detached before the cut-over, and stays so on the way back', () => {
  const change: Change = (f) => {
    f.vm.networkProfile.networkInterfaces[0].deleteOption = 'Delete';
    const disk = (lun: number) => ({
      lun,
      createOption: 'Attach',
      managedDisk: { id: id('Microsoft.Compute/disks', `d${lun}`) },
    });
    f.vm.storageProfile.dataDisks = [
      { ...disk(0), deleteOption: 'Detach' },
      { ...disk(1), deleteOption: 'Delete' },
    ];
  };
  const plan = adopted(change);
  const files = baseFiles();
  change(files);
  expect(attachedForLife(files.vm)).toEqual([
    'properties.storageProfile.osDisk.deleteOption=Detach',
    'properties.storageProfile.dataDisks[1].deleteOption=Detach',
    'properties.networkProfile.networkInterfaces[0].properties.deleteOption=Detach',
  ]);
  const back = JSON.stringify(sent(plan, 'broker-vm', 1));
  expect(back).not.toContain('"Delete"');
  expect(back.match(/"createOption":"Attach"/g)).toHaveLength(3);
  expect(back).toContain('disks/d1');
});

test('a size somebody chose is taken, and a recorded one that the platform knows', () => {
  const odd: Change = (f) => (f.vm.hardwareProfile.vmSize = 'Standard_D2s_v3');
  expect(said(adopted(odd, { vmSize: 'Standard_B2s_v2' }), 'broker-vm', 'hardwareProfile.vmSize')).toMatchObject({
    fate: 'set',
    recorded: 'Standard_D2s_v3',
    to: 'Standard_B2s_v2',
  });
  expect(adopted((f) => (f.vm.hardwareProfile.vmSize = 'standard_b2s')).config.vmSize).toBe('Standard_B2s');
});

test('what may not go with another size is refused by name, and stays with the one it has', () => {
  const host = { id: id('Microsoft.Compute/hostGroups', 'g/hosts/h') };
  const change: Change = (f) => {
    f.vm.hardwareProfile.vmSize = 'Standard_D2s_v3';
    f.nic.enableAcceleratedNetworking = true;
    f.vm.host = host;
  };
  expect(() => adopted(change, { vmSize: 'Standard_B2s' })).toThrow(
    /--accept network-nic.enableAcceleratedNetworking --accept broker-vm.host$/,
  );
  expect(() => adopted(change, { vmSize: 'Standard_B2s_v2' })).toThrow(/: --accept broker-vm.host$/);
});

test('a machine in a zone gets its disk in that zone, and devices keep the name they know', () => {
  const plan = adopted((f) => {
    f.vm.zones = ['2'];
    f['public-ip'].dnsSettings = { domainNameLabel: 'plant-7' };
  });
  expect(plan.adoption.placed).toEqual({ 'broker-data': { zones: ['2'] } });
  expect(plan.adoption.names.dns).toBe('plant-7');
});

test('other identities of the machine stay beside the platform’s', () => {
  const other = id('Microsoft.ManagedIdentity/userAssignedIdentities', 'other');
  const plan = adopted(
    (f) => (f.vm.identity = { type: 'UserAssigned', userAssignedIdentities: { [other]: { clientId: 'c' } } }),
  );
  const identity = at(sent(plan, 'broker-vm', 2), 'identity');
  expect(identity).toMatchObject({ type: 'UserAssigned', userAssignedIdentities: [expect.any(String), other] });
});

test('what is a resource of its own is not sent inline: the provider keeps what it finds', () => {
  const plan = adopted((f) => {
    f.vnet.virtualNetworkPeerings = [
      { name: 'hub', id: `${f.vnet.id}/virtualNetworkPeerings/hub`, allowForwardedTraffic: true },
    ];
  });
  for (let phase = 0; phase <= 4; phase += 1) {
    expect(Object.keys(sent(plan, 'network-vnet', phase) as object)).not.toContain('virtualNetworkPeerings');
    expect(Object.keys(sent(plan, 'network-vnet', phase) as object)).not.toContain('subnets');
  }
});

test('a group whose name az prints in capitals is one group', () => {
  const plan = adopted(() => {});
  const ids = [...Object.values(plan.adoption.resources), ...Object.values(plan.adoption.left)].map((each) => each.id);
  expect(ids.filter((each) => !`${each}/`.startsWith(`${GROUP_ID}/`))).toEqual([]);
});

const RULE = (name: string, actions: object): Files => ({
  name,
  enabled: true,
  type: 'Lifecycle',
  definition: { actions },
});
const lifecycleOf = (...rules: Files[]) => ({
  id: `${baseFiles().storage[0].id}/managementPolicies/default`,
  policy: { rules },
});

test('what others do with the account’s blobs stays beside what the platform does', () => {
  const plan = adopted((f) => {
    Object.assign(f['blob-service'], {
      cors: { corsRules: [{ allowedOrigins: ['https://x.example.com'], allowedMethods: ['GET'], maxAgeInSeconds: 5 }] },
      isVersioningEnabled: true,
      deleteRetentionPolicy: { enabled: true, days: 90 },
    });
    f.lifecycle = lifecycleOf(RULE('to-cool', { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 30 } } }));
  });
  expect(sent(plan, 'storage-blobs', 3)).toMatchObject({
    cors: { corsRules: [{ allowedOrigins: ['https://x.example.com'] }] },
    isVersioningEnabled: true,
    deleteRetentionPolicy: { enabled: true, days: 90 },
    containerDeleteRetentionPolicy: { enabled: true, days: 7 },
  });
  const rules = (phase: number) =>
    (at(sent(plan, 'storage-lifecycle', phase), 'policy', 'rules') as Files[]).map(({ name }) => name);
  expect([2, 3, 4].map(rules)).toEqual([['to-cool'], ['old-broker-state', 'to-cool'], ['old-broker-state', 'to-cool']]);
});

test('a lifecycle rule that deletes is refused by name, and what others keep in the account is told', () => {
  const change: Change = (f) => {
    f.lifecycle = lifecycleOf(RULE('clean', { baseBlob: { delete: { daysAfterModificationGreaterThan: 7 } } }));
  };
  expect(() => adopted(change)).toThrow('storage-lifecycle.policy.rules.*.definition.actions.baseBlob.delete');
  const plan = adopted((f) => {
    f.shares.push({ name: 'plant-files' });
    f.containers.push({ name: 'reports' });
  });
  expect(said(plan, 'storage-account', 'fileShares')).toMatchObject({
    recorded: ['plant-files'],
    fate: 'taken away',
    phase: 3,
  });
  expect(said(plan, 'storage-account', 'containers')).toMatchObject({ recorded: ['reports'], fate: 'set', phase: 3 });
});

test('an extension that the group lists counts as one of the machine, and the one that sets a key does not', () => {
  const listed = (f: Files) => ({
    id: `${f.vm.id}/extensions/AADSSHLoginForLinux`,
    name: 'zeroclaw-b1s/AADSSHLoginForLinux',
    type: 'Microsoft.Compute/virtualMachines/extensions',
  });
  expect(() => adopted((f) => f.resources.push(listed(f)))).toThrow('broker-vm.extensions (["AADSSHLoginForLinux"])');
  adopted((f) => (f.vm.resources = [{ name: 'enablevmaccess', typePropertiesType: 'VMAccessForLinux' }]));
  // It ends with the machine, so it is not among what stays as it is.
  expect(adopted((f) => f.resources.push(listed(f)), { accepted: ['broker-vm.extensions'] }).untouched).toEqual([]);
});

test('no secret of the machine gets into the stack file', () => {
  const secret = 'c2VjcmV0';
  const plan = adopted(
    (f) => {
      f.vm.userData = secret;
      Object.assign(f.vm.osProfile, { customData: secret, adminPassword: secret });
    },
    { accepted: ['broker-vm.userData'] },
  );
  expect(JSON.stringify(plan)).not.toContain(secret);
});
