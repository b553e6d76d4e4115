// What happens to the broker machine's members. Phase 2 replaces the machine, so most members are set or end with it.

import type { Json } from '../json.ts';
import type { Decision } from './row.ts';

/** With another size. */
const MAY_NOT_GO = [
  'host',
  'hostGroup',
  'capacityReservation',
  'additionalCapabilities',
  'availabilitySet',
  // Spot machines have no burstable size ("Use Azure Spot Virtual Machines", Microsoft Learn).
  'priority',
  'hardwareProfile.vmSizeProperties',
];

/** Of components/broker-machine.ts. */
const OUR_IMAGE = ['canonical', 'ubuntu-24_04-lts', 'server', 'latest'];
const isOurImage = (value: Json) => OUR_IMAGE.includes(String(value).toLowerCase());

const OLD_IMAGE = 'it belongs to the old image; the new one is Ubuntu 24.04';

export const MACHINE: Decision[] = [
  {
    at: 'hardwareProfile.vmSize',
    outcome: 'same',
    only: (value, { vmSize }) => String(value).toLowerCase() === vmSize.toLowerCase(),
    why: '',
  },
  {
    at: 'hardwareProfile.vmSize',
    outcome: 'set',
    to: ({ vmSize }) => vmSize,
    byName: (_, { sizeChosen }) => !sizeChosen,
    why: 'the new machine gets the size in the stack file, or Standard_B1s if there is none: choose one that the platform is made for (pulumi config set mqtt-saas:vmSize SIZE --stack NAME)',
  },
  ...MAY_NOT_GO.map(
    (at): Decision => ({
      at,
      outcome: 'kept',
      byName: (value, { sizeChanges }) => sizeChanges && value !== false && value !== 'Regular',
      why: 'the new size may not support it, and then phase 2 fails: choose a size that does (vmSize), or remove it first',
    }),
  ),
  {
    at: 'identity.type',
    outcome: 'taken away',
    only: (value) => String(value).includes('SystemAssigned'),
    byName: true,
    back: 'none: Azure makes another one, which needs its roles again',
    why: "the machine's own identity ends with the machine, and so does every role it was given",
  },
  { at: 'identity.type', outcome: 'set', to: 'UserAssigned', why: 'an identity that outlives the machine' },
  {
    at: 'securityProfile.securityType',
    outcome: 'set',
    to: 'TrustedLaunch',
    byName: (value) => value === 'ConfidentialVM',
    why: 'Trusted Launch',
  },
  { at: 'securityProfile.uefiSettings.*', outcome: 'set', to: true, why: 'secure boot and a vTPM' },
  {
    at: 'securityProfile.encryptionAtHost',
    outcome: 'set',
    only: (value) => value === false,
    to: true,
    why: 'encryption on the host too',
  },
  { at: 'osProfile.adminUsername', outcome: 'set', to: 'azureuser', why: 'one administrator, azureuser' },
  {
    at: 'osProfile.linuxConfiguration.disablePasswordAuthentication',
    outcome: 'set',
    to: true,
    why: 'keys only, no password',
  },
  {
    at: 'osProfile.linuxConfiguration.ssh',
    outcome: 'set',
    why: 'the key of the stack file (sshPublicKey), no other',
  },
  {
    at: 'osProfile.linuxConfiguration.provisionVMAgent',
    outcome: 'set',
    to: true,
    why: 'the configuration arrives through the agent',
  },
  {
    at: 'osProfile.allowExtensionOperations',
    outcome: 'set',
    to: true,
    sent: true,
    why: 'the configuration arrives through the agent',
  },
  {
    at: 'osProfile.windowsConfiguration',
    outcome: 'taken away',
    byName: true,
    why: 'the new machine has Linux',
  },
  { at: 'storageProfile.imageReference', outcome: 'same', only: isOurImage, why: '' },
  { at: 'storageProfile.imageReference', outcome: 'set', why: 'Ubuntu 24.04' },
  {
    at: 'storageProfile.diskControllerType',
    outcome: 'set',
    only: (value) => value !== 'SCSI',
    why: 'the new size decides it',
  },
  {
    at: 'storageProfile.osDisk.diffDiskSettings',
    outcome: 'taken away',
    byName: true,
    back: 'none',
    why: 'the disk is on the host itself and ends with the machine: phase 2 has no way back',
  },
  { at: 'storageProfile.osDisk.managedDisk.diskEncryptionSet', outcome: 'kept', why: '' },
  { at: 'storageProfile.osDisk', outcome: 'set', why: 'the new one has a disk of its own; the old disk stays whole' },
  {
    at: 'storageProfile.dataDisks',
    outcome: 'taken away',
    why: 'these disks are detached and stay in Azure: the new machine does not have their data',
  },
  { at: 'networkProfile.networkInterfaces.*.id', outcome: 'same', why: '' },
  { at: 'networkProfile.networkInterfaces.*.primary', outcome: 'same', why: '' },
  {
    at: 'networkProfile.networkInterfaces.*.deleteOption',
    outcome: 'set',
    to: 'Detach',
    why: 'the interface must outlive the machine',
  },
  {
    at: 'networkProfile',
    outcome: 'taken away',
    why: 'Azure made the interface from it together with the old machine; the interface exists now',
  },
  {
    at: 'diagnosticsProfile.bootDiagnostics.enabled',
    outcome: 'set',
    to: true,
    why: 'the boot log is all there is to see of a machine that cannot be reached',
  },
  {
    at: 'diagnosticsProfile.bootDiagnostics.storageUri',
    outcome: 'taken away',
    why: "boot logs go to an account of Azure's own, because this one accepts no keys from phase 3 on",
  },
  { at: 'licenseType', outcome: 'taken away', why: OLD_IMAGE },
  { at: 'plan', outcome: 'taken away', why: OLD_IMAGE },
  {
    at: 'applicationProfile',
    outcome: 'taken away',
    why: 'these applications are not on the new machine',
  },
  {
    at: 'osProfile.secrets',
    outcome: 'taken away',
    why: 'these certificates of a vault are not on the new machine',
  },
  {
    at: 'userData',
    outcome: 'taken away',
    byName: true,
    back: 'az vm update --user-data FILE, from where you keep it: it may hold secrets, so no file here has it',
    why: 'what reads it on the machine finds nothing',
  },
  {
    at: 'extensions',
    outcome: 'taken away',
    byName: true,
    back: 'az vm extension set for each, with its protected settings, which Azure gives to nobody',
    why: 'these extensions end with the machine',
  },
  {
    at: 'parts',
    outcome: 'taken away',
    byName: true,
    back: 'none: make them again on the new machine',
    why: 'these are parts of the machine and end with it',
  },
];
