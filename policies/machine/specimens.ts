// For tests: the row of every rule about the machine and its disks.
import { protectedDisks } from '../production/protected-disks.ts';
import { firstBurstableMachines } from '../retirement/first-burstable-machines.ts';
import { resource, UNKNOWN_TEXT } from '../testing/plan.ts';
import type { Specimen } from '../testing/specimen.ts';
import { DISK, RUN_COMMAND, VIRTUAL_MACHINE, VM_EXTENSION } from '../types.ts';
import { encryptedAtHost } from './encrypted-at-host.ts';
import { managedIdentity } from './managed-identity.ts';
import { noDiskExport } from './no-disk-export.ts';
import { noPasswordLogin } from './no-password-login.ts';
import { noSecretInBootData } from './no-secret-in-boot-data.ts';
import { noSecretInExtensions } from './no-secret-in-extensions.ts';
import { trustedLaunch } from './trusted-launch.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const SECRET = 'password: Tr0ub4dor-and-3';
const machine = resource(VIRTUAL_MACHINE, 'vm', {
  hardwareProfile: { vmSize: 'Standard_B2ts_v2' },
  identity: { type: 'UserAssigned', userAssignedIdentities: [UNKNOWN_TEXT] },
  osProfile: {
    customData: base64('#cloud-config\npackage_update: true\n'),
    linuxConfiguration: { disablePasswordAuthentication: true },
  },
  securityProfile: {
    encryptionAtHost: true,
    securityType: 'TrustedLaunch',
    uefiSettings: { secureBootEnabled: true, vTpmEnabled: true },
  },
  storageProfile: { osDisk: { managedDisk: { storageAccountType: 'StandardSSD_LRS' } } },
});
const disk = resource(DISK, 'data', {
  creationData: { createOption: 'Empty' },
  networkAccessPolicy: 'DenyAll',
  publicNetworkAccess: 'Disabled',
});

export const MACHINE_SPECIMENS: Specimen[] = [
  {
    rule: noPasswordLogin,
    plan: [machine],
    broken: {
      'VirtualMachine.osProfile.linuxConfiguration.disablePasswordAuthentication': [false, 'true'],
      'VirtualMachine.osProfile.adminPassword': ['Tr0ub4dor-and-3'],
    },
  },
  {
    rule: noSecretInBootData,
    plan: [machine],
    broken: {
      'VirtualMachine.osProfile.customData': [SECRET, base64(SECRET), base64(base64(SECRET)), 42],
      'VirtualMachine.userData': [base64(SECRET)],
    },
  },
  {
    rule: managedIdentity,
    plan: [machine],
    broken: {
      'VirtualMachine.identity': [{}, { type: 'UserAssigned' }],
      'VirtualMachine.identity.type': ['None'],
    },
    fine: { 'VirtualMachine.identity.type': ['SystemAssigned', 'SystemAssigned, UserAssigned'] },
  },
  {
    rule: encryptedAtHost,
    plan: [machine, disk],
    broken: {
      'VirtualMachine.securityProfile.encryptionAtHost': [false],
      'VirtualMachine.storageProfile.osDisk.vhd': [{ uri: 'https://example.blob.core.windows.net/vhds/os.vhd' }],
      'Disk.creationData.sourceUri': ['https://example.blob.core.windows.net/vhds/data.vhd'],
    },
  },
  {
    rule: trustedLaunch,
    plan: [machine],
    broken: {
      'VirtualMachine.securityProfile.securityType': ['Standard'],
      'VirtualMachine.securityProfile.uefiSettings.secureBootEnabled': [false],
      'VirtualMachine.securityProfile.uefiSettings.vTpmEnabled': [false],
    },
    fine: { 'VirtualMachine.securityProfile.securityType': ['ConfidentialVM'] },
  },
  {
    rule: noSecretInExtensions,
    plan: [
      resource(VM_EXTENSION, 'monitor', {
        publisher: 'Microsoft.Azure.Monitor',
        type: 'AzureMonitorLinuxAgent',
        settings: { authentication: { managedIdentity: { 'identifier-name': 'mi_res_id' } } },
        protectedSettings: { password: 'Tr0ub4dor' },
      }),
      resource(RUN_COMMAND, 'apply', {
        source: { script: '/usr/local/sbin/broker-apply "$1"' },
        parameters: [{ name: 'bundle', value: 'sha256-0f' }],
        protectedParameters: [{ name: 'password', value: 'Tr0ub4dor' }],
      }),
    ],
    broken: {
      'VirtualMachineExtension.publisher': ['Microsoft.Azure.Extensions'],
      'VirtualMachineExtension.type': ['CustomScript'],
      'VirtualMachineExtension.settings': [{ password: 'Tr0ub4dor' }, { script: base64(SECRET) }],
      'VirtualMachineRunCommandByVirtualMachine.source.script': [SECRET],
      'VirtualMachineRunCommandByVirtualMachine.parameters': [[{ name: 'password', value: 'Tr0ub4dor' }]],
      'VirtualMachineRunCommandByVirtualMachine.parameters[].value': ['postgres://ingest:Tr0ub4dor@db.example.com/x'],
      'VirtualMachineRunCommandByVirtualMachine.runAsPassword': ['Tr0ub4dor'],
    },
    wrongConfigs: [{ extensions: [] }],
  },
  {
    rule: noDiskExport,
    plan: [disk],
    broken: { 'Disk.networkAccessPolicy': ['AllowAll', 'AllowPrivate'], 'Disk.publicNetworkAccess': ['Enabled'] },
  },
  {
    rule: protectedDisks,
    plan: [{ ...disk, urn: disk.urn.replace(':dev:', ':prod:'), isProtected: true }],
    broken: { 'Disk.options.protect': [false] },
  },
  {
    rule: firstBurstableMachines,
    plan: [machine],
    broken: { 'VirtualMachine.hardwareProfile.vmSize': ['Standard_B1s', 'Standard_B2ms', 'standard_b1ls'] },
    fine: { 'VirtualMachine.hardwareProfile.vmSize': ['Standard_B2s_v2', 'Standard_B2ats_v2', 'Standard_D2s_v5'] },
  },
];
