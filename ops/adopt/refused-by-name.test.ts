// What cannot be restored, or blocks the adoption, is refused until somebody accepts it by name; some things always are.
import { expect, test } from 'vitest';
import { adopted, type Change, id } from './testing/case.ts';
import type { Files } from './testing/recordings.ts';

/** As `az resource list` prints it. */
const part = (of: Files, type: string, kind: string, name: string) => ({
  id: `${of.id}/${kind}/${name}`,
  name: `${of.name}/${name}`,
  type: `${type}/${kind}`,
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
    'a machine with Windows',
    (f) => (f.vm.osProfile.windowsConfiguration = { provisionVMAgent: true }),
    'broker-vm.osProfile.windowsConfiguration',
    'the new machine has Linux',
  ],
  [
    'what else is a part of it',
    (f) => f.resources.push(part(f.vm, 'Microsoft.Compute/virtualMachines', 'runCommands', 'nightly')),
    'broker-vm.parts',
    '["runcommands/nightly"]',
  ],
  [
    'a slot of the old app',
    (f) => f.resources.push(part(f.functionapp, 'Microsoft.Web/sites', 'slots', 'staging')),
    'before-function-app.parts',
    '["slots/staging"]',
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
  ['an account of the first kind', (f) => (f.storage[0].kind = 'Storage'), 'storage-account.kind', 'permanently'],
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
  ['the same in small letters', (f) => (f['public-ip'].sku.name = 'basic'), 'upgrade it first'],
  [
    'a resource that has no room for the tags of the platform',
    (f) => (f.vm.tags = Object.fromEntries(Array.from({ length: 47 }, (_, n) => [`tag-${n}`, 'x']))),
    'broker-vm has 47 tags',
  ],
  [
    'a tag that Pulumi would decrypt',
    (f) => (f.nsg.tags = { secure: 'no' }),
    'network-nsg.recorded.tags has only "secure"',
  ],
  [
    'the same, when the other tags are the platform’s',
    (f) => (f.nsg.tags = { secure: 'no', Owner: 'me' }),
    'network-nsg.kept.tags has only "secure"',
  ],
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
])('%s cannot be adopted', (_, change, message) => {
  expect(() => adopted(change)).toThrow(message);
});

/** Not every size goes with these, and a machine that Azure refuses is not there any more. */
test.each<[what: string, change: Change, name: string]>([
  ['a Spot machine', (f) => (f.vm.priority = 'Spot'), 'priority'],
  [
    'processors of its own',
    (f) => (f.vm.hardwareProfile.vmSizeProperties = { vCPUsAvailable: 1 }),
    'hardwareProfile.vmSizeProperties',
  ],
  [
    'an availability set',
    (f) => (f.vm.availabilitySet = { id: id('Microsoft.Compute/availabilitySets', 'a') }),
    'availabilitySet',
  ],
])('%s is refused with another size alone', (_, change, name) => {
  expect(() => adopted(change, { vmSize: 'Standard_B2s_v2' })).toThrow(`--accept broker-vm.${name}`);
  adopted(change, { vmSize: 'Standard_B1s' });
});

test('what was said yes to is told by its own name', () => {
  const plan = adopted((f) => f.resources.push(part(f.functionapp, 'Microsoft.Web/sites', 'slots', 'staging')), {
    accepted: ['before-function-app.parts'],
  });
  expect(plan.changes).toContainEqual(expect.objectContaining({ phase: 4, member: 'parts', which: ['slots/staging'] }));
});

test('an ordinary machine gets another size', () => {
  adopted((f) => (f.vm.priority = 'Regular'), { vmSize: 'Standard_B2s_v2' });
});
