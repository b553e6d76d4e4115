// For tests: the row of every rule about order and cost.
import { resource } from '../testing/plan.ts';
import type { Specimen } from '../testing/specimen.ts';
import { APP_SERVICE_PLAN, DISK, STORAGE_ACCOUNT, VIRTUAL_MACHINE } from '../types.ts';
import { allowedPlacesAndSizes } from './allowed-places-and-sizes.ts';
import { requiredTags } from './required-tags.ts';

const machine = resource(VIRTUAL_MACHINE, 'vm', {
  location: 'northeurope',
  hardwareProfile: { vmSize: 'Standard_B2ts_v2' },
  storageProfile: { osDisk: { managedDisk: { storageAccountType: 'StandardSSD_LRS' } } },
});
export const GOVERNANCE_SPECIMENS: Specimen[] = [
  {
    rule: requiredTags,
    plan: [
      resource('azure-native:resources:ResourceGroup', 'group', {
        location: 'northeurope',
        tags: { environment: 'dev', project: 'mqtt-saas', owner: 'platform@example.com', costCenter: 'iot-0001' },
      }),
      resource('azure-native:network:Subnet', 'subnet', {}),
    ],
    broken: { 'ResourceGroup.tags': [{}, { owner: 'x' }], 'ResourceGroup.tags.owner': [''] },
    wrongConfigs: [{ requiredTags: ['dataClass'] }],
  },
  {
    rule: allowedPlacesAndSizes,
    config: { regions: ['northeurope'] },
    plan: [
      machine,
      resource(DISK, 'disk', { location: 'North Europe', sku: { name: 'StandardSSD_LRS' } }),
      resource(APP_SERVICE_PLAN, 'plan', { location: 'northeurope', sku: { name: 'FC1' } }),
      resource(STORAGE_ACCOUNT, 'account', { location: 'northeurope', sku: { name: 'Standard_LRS' } }),
      resource('azure-native:monitor:ActionGroup', 'group', { location: 'Global' }),
    ],
    broken: {
      'VirtualMachine.location': ['westeurope'],
      'VirtualMachine.hardwareProfile.vmSize': ['Standard_D64s_v5'],
      'VirtualMachine.storageProfile.osDisk.managedDisk.storageAccountType': ['Premium_LRS'],
      'Disk.sku.name': ['UltraSSD_LRS'],
      'AppServicePlan.sku.name': ['P3v3', 'EP1'],
      'StorageAccount.sku.name': ['Premium_LRS'],
    },
    wrongConfigs: [{}, { regions: ['westeurope'] }, { regions: ['northeurope'], machineSizes: [] }],
  },
];
