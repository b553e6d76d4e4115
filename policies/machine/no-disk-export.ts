// VM-07: disks cannot be exported or reached over the network.
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { DISK } from '../types.ts';

export const noDiskExport: ResourceRule = {
  id: 'VM-07',
  name: 'vm-no-disk-export',
  phase: 1,
  severity: 'medium',
  enforcement: 'mandatory',
  demand:
    'A managed disk sets networkAccessPolicy to DenyAll and publicNetworkAccess to Disabled. Azure’s defaults allow both.',
  reason: 'An export link is a URL that gives its holder the whole disk, including credentials and messages.',
  fix: 'set networkAccessPolicy: "DenyAll" and publicNetworkAccess: "Disabled" on the Disk',
  sources: [
    'Microsoft Learn, "Restrict import/export access to managed disks" (https://learn.microsoft.com/azure/virtual-machines/disks-restrict-import-export-overview)',
    'CIS Azure Foundations 3.0 8.5',
  ],
  properties: { 'Disk.networkAccessPolicy': REQUIRED, 'Disk.publicNetworkAccess': REQUIRED },
  types: [DISK],
  remedy: { 'Disk.networkAccessPolicy': 'DenyAll', 'Disk.publicNetworkAccess': 'Disabled' },
  check: ({ urn, name, props }) =>
    [
      ['networkAccessPolicy', 'DenyAll', 'can be exported'] as const,
      ['publicNetworkAccess', 'Disabled', 'can be reached from public networks'] as const,
    ]
      .filter(([property, safe]) => props[property] !== safe)
      .map(([property, , wrong]) => violation({ urn, name }, property, props[property], wrong)),
};
