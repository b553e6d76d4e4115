// The recordings whose adoption is deployed, each with the way it goes through the phases: all of it where everything comes together, and
// where one member is tried the phases that it bites in.
import { AZ_SHAPES } from '../../ops/adopt/testing/az-shapes.ts';
import { type Files, type NamedRecording, recording, securityRule } from '../../ops/adopt/testing/recordings.ts';
import type { Case } from './adopted.ts';

/** A case and the phases that are deployed, one after the other. */
export interface Way extends Case {
  phases: number[];
  /** The first time in each phase with the policies and the exceptions that `ops adopt exceptions` writes. */
  pack?: true;
}

const named = (name: string, change: (files: Files) => void): NamedRecording => ({ name, change });
const base = recording('the base');

const DISK = '/providers/Microsoft.Compute/disks/readings';

/** Azure deletes with the machine what says so. */
const deletedAlong = named('interface, address and a data disk are deleted with the machine', (files) => {
  const id = files.group.id + DISK;
  files.vm.networkProfile.networkInterfaces[0].deleteOption = 'Delete';
  files.nic.ipConfigurations[0].publicIPAddress.deleteOption = 'Delete';
  files.vm.storageProfile.dataDisks = [
    {
      caching: 'None',
      createOption: 'Attach',
      deleteOption: 'Delete',
      diskSizeGB: 64,
      lun: 3,
      managedDisk: { id, storageAccountType: 'StandardSSD_LRS' },
      name: 'readings',
    },
  ];
  const disk = { diskSizeGB: 64, sku: { name: 'StandardSSD_LRS' }, creationData: { createOption: 'Empty' } };
  files.resources.push({ ...files.disk, ...disk, id, name: 'readings', managedBy: files.vm.id });
});

const labelled = named('an address with a label, zones, a time-out and tags', ({ 'public-ip': address }) => {
  address.dnsSettings = { domainNameLabel: 'plant-7', fqdn: 'plant-7.eastasia.cloudapp.azure.com', reverseFqdn: null };
  Object.assign(address, {
    idleTimeoutInMinutes: 30,
    zones: ['1', '2', '3'],
    tags: { site: 'plant 7', owner: 'somebody' },
  });
});

const guarded = named('Deny, outbound and ICMP rules, and the program’s own priorities and names', ({ nsg }) => {
  nsg.securityRules[1].priority = 110;
  nsg.securityRules.push(
    securityRule('deny-them', 200, '*', { access: 'Deny', protocol: '*', sourceAddressPrefix: '198.51.100.0/24' }),
    securityRule('no-mail', 100, '25', { access: 'Deny', direction: 'Outbound' }),
    securityRule('ping', 1040, '*', { protocol: 'Icmp' }),
    securityRule('allow-mqtts', 100, '8884'),
    securityRule('deny-all-inbound', 4096, '*', { access: 'Deny', protocol: '*' }),
    securityRule('some', 1050, '', { destinationPortRange: null, destinationPortRanges: ['22', '8080-8090'] }),
  );
});

const wired = named('a network with members of its own', ({ nic, vnet }) => {
  Object.assign(vnet, {
    tags: { site: 'plant 7' },
    flowTimeoutInMinutes: 10,
    dhcpOptions: { dnsServers: ['10.10.1.53'] },
  });
  Object.assign(vnet.subnets[0], {
    serviceEndpoints: [{ service: 'Microsoft.Storage', locations: ['eastasia'] }],
    defaultOutboundAccess: true,
  });
  Object.assign(nic, {
    enableAcceleratedNetworking: true,
    dnsSettings: { dnsServers: ['10.10.1.53'], appliedDnsServers: [] },
  });
  Object.assign(nic.ipConfigurations[0], { privateIPAddress: '10.10.1.20', privateIPAllocationMethod: 'Static' });
});

const stored = named('somebody’s Terraform state before the function’s storage account', (files) => {
  const [own] = files.storage;
  const id = own.id.replace(own.name, 'sttfstate01');
  files.storage.unshift({ ...own, id, name: 'sttfstate01' });
  files.resources.push({ ...files.resources[0], id, name: 'sttfstate01', type: 'Microsoft.Storage/storageAccounts' });
  Object.assign(own, { tags: { team: 'iot' }, accessTier: 'Cool', largeFileSharesState: 'Enabled' });
  own.networkRuleSet.ipRules = [{ action: 'Allow', ipAddressOrRange: '198.51.100.7' }];
});

const large = named('a machine of a size that the platform does not have', ({ vm }) => {
  vm.hardwareProfile.vmSize = 'Standard_D2s_v3';
});

/** Values that a reader of YAML takes for a number, a time, true or nothing, in names too. */
const ODD = {
  day: '2026-01-14',
  moment: '2026-01-14T09:31:44Z',
  count: '1000',
  octal: '0123',
  separated: '1_000',
  hex: '0x1F',
  exponent: '1e3',
  long: '123456789012345678901234567890',
  sexagesimal: '12:30:45',
  yes: 'yes',
  off: 'off',
  nothing: '~',
  null: 'null',
  infinite: '.inf',
  lines: 'a: b\n- c # d',
  quotes: `"it's" \\ ‘so’ {x} [y] *z &w !v %u @t`,
  blank: ' ',
  '2026-01-14': 'a day',
  '0123': 'a number',
  true: 'yes, too',
};
const odd = named('tags and names that YAML takes for something else', (files) => {
  for (const file of ['group', 'vm', 'nic', 'vnet', 'public-ip', 'nsg']) files[file].tags = structuredClone(ODD);
  files.storage[0].tags = structuredClone(ODD);
  files.nsg.securityRules.push(securityRule('1000', 1060, '0123', { description: '2026-01-14' }));
});

const all = named('all of it at once', (files) => {
  for (const { change } of [deletedAlong, labelled, guarded, wired, stored]) change(files);
});

const EVERYTHING = [0, 1, 0, 1, 2, 1, 2, 3, 2, 3, 4];

const ALL: Way[] = [
  { recording: base, phases: EVERYTHING, pack: true },
  { recording: all, phases: EVERYTHING, pack: true },
  ...AZ_SHAPES.map((shape) => ({
    recording: base,
    shape,
    phases: [0, 1, 2, 1, 0],
    // The portal's extensions end with the machine.
    accepted: ['broker-vm.extensions'],
  })),
  { recording: recording('the rule for the certificate is open'), phases: [0, 1, 2] },
  { recording: recording('a machine with a key and no password'), phases: [0, 1, 2, 3, 4] },
  { recording: deletedAlong, phases: [0, 1, 2, 1] },
  { recording: labelled, phases: [0, 1, 0] },
  { recording: guarded, phases: [0, 1, 0] },
  { recording: wired, phases: [0, 1, 0] },
  { recording: stored, phases: [0, 1, 2, 3, 2] },
  { recording: large, phases: [0, 1, 2, 1], accepted: ['broker-vm.hardwareProfile.vmSize'] },
  { recording: odd, phases: [0, 1, 0] },
];

/** All of them, or those that go through every phase. */
export const WAYS = process.env.MQTT_SAAS_TEST_ALL ? ALL : ALL.filter(({ phases }) => phases === EVERYTHING);
