// What becomes of members of recorded resources that the program sees otherwise. A member without a row here is kept: it is sent
// as it was recorded, in every phase. Paths are azure-native's; `*` is any member, and a row holds for all below its path.
import { CUT_OVER } from '../../stacks/adoption-plan.ts';
import type { Json } from './json.ts';

/** What the stack file decides. */
export interface Choices {
  location: string;
  /** The new machine's size, and whether somebody chose it. */
  vmSize: string;
  sizeChosen: boolean;
  /** True when the old machine has another. */
  sizeChanges: boolean;
}

/** One row. */
export interface Decision {
  at: string;
  /** `same`: the program's own value is that very one. `apart`: it is accounted for elsewhere. */
  fate: 'same' | 'apart' | 'kept' | 'set' | 'taken away';
  /** For these values alone. */
  only?: (value: Json, choices: Choices, path: string) => boolean;
  /** What it is set to; what is so already is kept. */
  to?: Json | ((choices: Choices) => Json);
  /** True where the program has no place for the member, so that `to` is sent beside what it gives. */
  sent?: true;
  /** From which phase on, when not the resource's own; it is kept until then. */
  phase?: number;
  /** Set: the reason. Taken away: what it breaks. */
  why: string;
  /** How to have it back, when not by the phase before. */
  back?: string;
  /** True when it cannot be had back, or stands in the way: refused until somebody says so by name. */
  byName?: (value: Json, choices: Choices) => boolean;
}

const always = () => true;
const is =
  (...values: Json[]) =>
  (value: Json) =>
    values.includes(value);

/** Of series Bv1 ("Accelerated Networking", Microsoft Learn: the later series have it). */
const NOT_ACCELERATED = ['Standard_B1s', 'Standard_B2s'];

/** With another size. */
const MAY_NOT_GO = [
  'host',
  'hostGroup',
  'capacityReservation',
  'additionalCapabilities',
  'availabilitySet',
  // No burstable size is to be had as a Spot machine ("Use Azure Spot Virtual Machines", Microsoft Learn).
  'priority',
  'hardwareProfile.vmSizeProperties',
];

/** Azure takes no two tags whose names differ in case alone. */
export const OUR_TAGS = ['environment', 'project', 'owner', 'costcenter'];
const isOurs = (_: Json, __: Choices, path: string) =>
  OUR_TAGS.includes(path.split('.').slice(1).join('.').toLowerCase());

/** Of components/broker-machine.ts. */
const OUR_IMAGE = ['canonical', 'ubuntu-24_04-lts', 'server', 'latest'];
const isOurImage = (value: Json) => OUR_IMAGE.includes(String(value).toLowerCase());

const NEW_DISK = 'the new one has a disk of its own; the old disk stays whole';
const OLD_IMAGE = 'it belongs to the old image; the new one is Ubuntu 24.04';
const KEYS = 'account keys and connection strings work no more: file shares, other apps, scripts';

/** What its id says. */
const NAMES = [
  'resourceGroup',
  'networkSecurityGroup',
  'virtualNetwork',
  'subnet',
  'publicIpAddress',
  'networkInterface',
];
const ITS_NAME: Decision[] = [...NAMES, 'vm', 'account', 'blobServices', 'managementPolicy'].map((name) => ({
  at: `${name}Name`,
  fate: 'apart',
  why: '',
}));

/** By the program's name for the resource. `*` is each. */
export const DECISIONS: Record<string, Decision[]> = {
  '*': [
    ...ITS_NAME,
    { at: 'location', fate: 'same', only: (value, { location }) => plain(value) === location, why: '' },
    {
      at: 'location',
      fate: 'kept',
      byName: always,
      why: "it stays where it is, and the policies allow the machine's region alone: list this one for governance-allowed-places-and-sizes",
    },
    { at: 'tags.*', fate: 'set', only: isOurs, why: 'the stack file says who it belongs to' },
  ],
  group: [
    {
      at: 'locks',
      fate: 'kept',
      byName: always,
      why: 'a lock makes deployments stop half-way. Remove it before phase 0 (az lock delete --ids ID), put it back after phase 4',
    },
  ],
  'network-nsg': [
    // Each rule for itself: security-rules.ts.
    { at: 'securityRules', fate: 'apart', why: '' },
    {
      at: 'sharedWith',
      fate: 'kept',
      byName: always,
      why: 'from phase 1 on the rules that the platform needs hold for these too; give them a group of their own',
    },
  ],
  'network-subnet': [
    { at: 'addressPrefix', fate: 'same', why: '' },
    { at: 'addressPrefixes', fate: 'same', why: '' },
    { at: 'networkSecurityGroup', fate: 'same', why: '' },
    {
      at: 'otherSecurityGroup',
      fate: 'taken away',
      byName: always,
      why: "the subnet gets the interface's security group, so the rules of this one hold no more: move those that must stay",
    },
    {
      at: 'sharedWith',
      fate: 'kept',
      byName: always,
      why: 'from phase 1 on the platform’s security group holds for these too, and they go out by public addresses of their own alone',
    },
    {
      at: 'defaultOutboundAccess',
      fate: 'set',
      to: false,
      why: 'machines go out by a public address of their own; one without any goes out no more',
    },
  ],
  'network-address': [
    {
      at: 'publicIPAllocationMethod',
      fate: 'set',
      to: 'Static',
      why: 'the address must outlive the machine',
    },
    { at: 'deleteOption', fate: 'set', to: 'Detach', sent: true, why: 'the address must outlive the machine' },
    {
      at: 'dnsSettings.domainNameLabelScope',
      fate: 'kept',
      byName: always,
      why: "the name has a part that Azure made up, so the platform's certificate would be for another one: set the stack's `domain` first",
    },
  ],
  'network-nic': [
    { at: 'ipConfigurations.*.subnet.id', fate: 'same', why: '' },
    { at: 'ipConfigurations.*.publicIPAddress.id', fate: 'same', why: '' },
    {
      at: 'ipConfigurations.*.publicIPAddress.deleteOption',
      fate: 'set',
      to: 'Detach',
      sent: true,
      why: 'the address must outlive the machine',
    },
    {
      at: 'enableAcceleratedNetworking',
      fate: 'kept',
      only: (value, { vmSize, sizeChanges }) => value === true && sizeChanges && NOT_ACCELERATED.includes(vmSize),
      byName: always,
      why: 'the new size has none, so phase 2 would fail: choose another (vmSize), or switch it off while the machine is deallocated',
    },
    {
      at: 'enableIPForwarding',
      fate: 'set',
      to: false,
      phase: CUT_OVER,
      why: 'the new machine forwards no packets: what goes through it today (a VPN, a route table) ends',
    },
  ],
  'broker-vm': [
    {
      at: 'hardwareProfile.vmSize',
      fate: 'same',
      only: (value, { vmSize }) => String(value).toLowerCase() === vmSize.toLowerCase(),
      why: '',
    },
    {
      at: 'hardwareProfile.vmSize',
      fate: 'set',
      to: ({ vmSize }) => vmSize,
      byName: (_, { sizeChosen }) => !sizeChosen,
      why: 'the new machine has the size of the stack file, Standard_B1s if there is none: choose one that the platform is made for (pulumi config set mqtt-saas:vmSize SIZE --stack NAME)',
    },
    ...MAY_NOT_GO.map(
      (at): Decision => ({
        at,
        fate: 'kept',
        byName: (value, { sizeChanges }) => sizeChanges && value !== false && value !== 'Regular',
        why: 'it may not go with the new size, and then phase 2 fails: choose one that it goes with (vmSize), or remove it first',
      }),
    ),
    {
      at: 'identity.type',
      fate: 'taken away',
      only: (value) => String(value).includes('SystemAssigned'),
      byName: always,
      back: 'none: Azure makes another one, which needs its roles again',
      why: "the machine's own identity ends with it, and with it every role it was given",
    },
    { at: 'identity.type', fate: 'set', to: 'UserAssigned', why: 'an identity that outlives the machine' },
    {
      at: 'securityProfile.securityType',
      fate: 'set',
      to: 'TrustedLaunch',
      byName: is('ConfidentialVM'),
      why: 'Trusted Launch',
    },
    { at: 'securityProfile.uefiSettings.*', fate: 'set', to: true, why: 'secure boot and a vTPM' },
    {
      at: 'securityProfile.encryptionAtHost',
      fate: 'set',
      only: is(false),
      to: true,
      why: 'encryption on the host too',
    },
    { at: 'osProfile.adminUsername', fate: 'set', to: 'azureuser', why: 'one administrator, azureuser' },
    {
      at: 'osProfile.linuxConfiguration.disablePasswordAuthentication',
      fate: 'set',
      to: true,
      why: 'keys alone, no password',
    },
    {
      at: 'osProfile.linuxConfiguration.ssh',
      fate: 'set',
      why: 'the key of the stack file (sshPublicKey), no other',
    },
    {
      at: 'osProfile.linuxConfiguration.provisionVMAgent',
      fate: 'set',
      to: true,
      why: 'the configuration comes by the agent',
    },
    {
      at: 'osProfile.allowExtensionOperations',
      fate: 'set',
      to: true,
      sent: true,
      why: 'the configuration comes by the agent',
    },
    {
      at: 'osProfile.windowsConfiguration',
      fate: 'taken away',
      byName: always,
      why: 'the new machine has Linux',
    },
    { at: 'storageProfile.imageReference', fate: 'same', only: isOurImage, why: '' },
    { at: 'storageProfile.imageReference', fate: 'set', why: 'Ubuntu 24.04' },
    {
      at: 'storageProfile.diskControllerType',
      fate: 'set',
      only: (value) => value !== 'SCSI',
      why: 'the new size decides it',
    },
    {
      at: 'storageProfile.osDisk.diffDiskSettings',
      fate: 'taken away',
      byName: always,
      back: 'none',
      why: 'the disk lies in the host and ends with the machine: phase 2 has no way back',
    },
    { at: 'storageProfile.osDisk.managedDisk.diskEncryptionSet', fate: 'kept', why: '' },
    { at: 'storageProfile.osDisk', fate: 'set', why: NEW_DISK },
    {
      at: 'storageProfile.dataDisks',
      fate: 'taken away',
      why: 'these disks leave the machine and stay in Azure: what lies on them is not on the new machine',
    },
    { at: 'networkProfile.networkInterfaces.*.id', fate: 'same', why: '' },
    { at: 'networkProfile.networkInterfaces.*.primary', fate: 'same', why: '' },
    {
      at: 'networkProfile.networkInterfaces.*.deleteOption',
      fate: 'set',
      to: 'Detach',
      why: 'the interface must outlive the machine',
    },
    {
      at: 'networkProfile',
      fate: 'taken away',
      why: 'Azure made the interface of it with the old machine; it is there now',
    },
    {
      at: 'diagnosticsProfile.bootDiagnostics.enabled',
      fate: 'set',
      to: true,
      why: 'the log of the boot is all there is to see of a machine that cannot be reached',
    },
    {
      at: 'diagnosticsProfile.bootDiagnostics.storageUri',
      fate: 'taken away',
      why: "boot logs go to an account of Azure's own, for this one takes no keys from phase 3 on",
    },
    { at: 'licenseType', fate: 'taken away', why: OLD_IMAGE },
    { at: 'plan', fate: 'taken away', why: OLD_IMAGE },
    {
      at: 'applicationProfile',
      fate: 'taken away',
      why: 'these applications are not on the new machine',
    },
    {
      at: 'osProfile.secrets',
      fate: 'taken away',
      why: 'these certificates of a vault are not on the new machine',
    },
    {
      at: 'userData',
      fate: 'taken away',
      byName: always,
      back: 'az vm update --user-data FILE, from where you keep it: it may hold secrets, so no file here has it',
      why: 'what reads it on the machine finds nothing',
    },
    {
      at: 'extensions',
      fate: 'taken away',
      byName: always,
      back: 'az vm extension set for each, with its protected settings, which Azure gives to nobody',
      why: 'these extensions end with the machine',
    },
    {
      at: 'parts',
      fate: 'taken away',
      byName: always,
      back: 'none: make them again on the new machine',
      why: 'these are parts of the machine and end with it',
    },
  ],
  'storage-account': [
    {
      at: 'kind',
      fate: 'set',
      to: 'StorageV2',
      byName: always,
      back: 'none: Azure upgrades an account for good',
      why: 'soft delete and lifecycle rules need an account of the second kind',
    },
    {
      at: 'sku.name',
      fate: 'kept',
      only: (value) => String(value).startsWith('Premium'),
      byName: always,
      why: 'the policies allow no premium storage: list it for governance-allowed-places-and-sizes, or take --storage none',
    },
    {
      at: 'fileShares',
      fate: 'taken away',
      why: 'these shares are mounted with an account key, which the account takes no more',
    },
    {
      at: 'containers',
      fate: 'set',
      why: 'these stay, and open for identities with a role alone, not for keys or public links',
    },
    { at: 'enableHttpsTrafficOnly', fate: 'set', to: true, why: 'nothing without TLS, SMB 2 and NFS included' },
    {
      at: 'minimumTlsVersion',
      fate: 'set',
      only: is('TLS1_0', 'TLS1_1'),
      to: 'TLS1_2',
      why: 'no older TLS',
    },
    { at: 'allowBlobPublicAccess', fate: 'set', to: false, why: 'no public containers and links' },
    { at: 'allowCrossTenantReplication', fate: 'set', to: false, why: 'copies to accounts of other tenants end' },
    { at: 'defaultToOAuthAuthentication', fate: 'set', to: true, why: 'the portal asks with your identity' },
    { at: 'isLocalUserEnabled', fate: 'set', to: false, why: "SFTP's local users are shut out" },
    { at: 'allowSharedKeyAccess', fate: 'set', to: false, why: KEYS },
    {
      at: 'publicNetworkAccess',
      fate: 'kept',
      only: (value) => value !== 'Enabled',
      byName: always,
      why: 'the new Function App comes from outside: let it in, or take --storage none, and the platform makes an account of its own',
    },
    {
      at: 'networkRuleSet.defaultAction',
      fate: 'kept',
      only: is('Deny'),
      byName: always,
      why: 'the new Function App is on no list: let it in, or take --storage none, and the platform makes an account of its own',
    },
  ],
  'before-function-app': [
    {
      at: 'parts',
      fate: 'taken away',
      byName: always,
      back: 'none: make them again with another app',
      why: 'these are parts of the old app, which ends with phase 4',
    },
    {
      at: 'hostNames',
      fate: 'taken away',
      byName: always,
      back: 'none: bind them to another app',
      why: 'these names lead to the old app, which ends with phase 4',
    },
    {
      at: 'identity',
      fate: 'taken away',
      back: 'none: Azure makes another one, which needs its roles again',
      why: "the old app's own identity ends with it, and with it its roles",
    },
  ],
  'storage-blobs': [
    ...['deleteRetentionPolicy', 'containerDeleteRetentionPolicy'].flatMap((policy): Decision[] => [
      { at: `${policy}.enabled`, fate: 'set', to: true, why: 'what is deleted can be had back for a week' },
      {
        at: `${policy}.days`,
        fate: 'set',
        to: 7,
        only: (value) => Number(value) < 7,
        why: 'what is deleted can be had back for a week',
      },
    ]),
  ],
  'storage-lifecycle': [
    {
      at: 'policy.rules.*.definition.actions.baseBlob.delete',
      fate: 'kept',
      byName: always,
      why: "rules that delete may mean the platform's containers too (function-packages, broker-state): give them filters that do not",
    },
  ],
};

/** A region as the program writes it. */
export const plain = (region: Json | undefined) => String(region).replaceAll(' ', '').toLowerCase();
