// A broker machine. It can be replaced at any time: what must last (disk, address, identity) is separate.
import { Disk } from '@pulumi/azure-native/compute/disk.js';
import { VirtualMachine } from '@pulumi/azure-native/compute/virtualMachine.js';
import type { UserAssignedIdentity } from '@pulumi/azure-native/managedidentity/userAssignedIdentity.js';
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi';
import type { Access } from './access.ts';
import type { Attachment } from './network.ts';
import type { Placement } from './placement.ts';
import type { VmSizeName } from './vm-sizes.ts';

/** Arguments of {@link BrokerMachine}. */
export interface BrokerMachineArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. Machine size. All allowed sizes support Trusted Launch. */
  vmSize: VmSizeName;
  /** Required. Its identity. A rebuilt machine keeps the identity, and with it its access. */
  identity: UserAssignedIdentity;
  /** Required. The identity's rights, made before the machine: it reads its secrets when it starts. */
  access: Access;
  /** Required. Its interface, with a public address. */
  network: Attachment;
  /** Optional. Last part of its names: of a machine beside the first one. Default: none. */
  role?: string;
  /** Required. The administrator's public key, OpenSSH format. There is no password. */
  sshPublicKey: string;
  /** Required. Rendered `#cloud-config`. It must hold no secret: it can be read on the machine and in Azure. */
  cloudInit: string;
  /** Required. Size of the disk for sessions and queues, GiB, at least 4. It can grow, never shrink. */
  dataDiskGb: number;
  /** Required. Encrypts caches and temporary disks on the host, too; the subscription needs the feature. */
  encryptionAtHost: boolean;
}

const IMAGE = { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' };
const OS_DISK_GB = 30;
/** User name of the administrator. */
const ADMIN = 'azureuser';

/** LUN of the data disk. */
export const DATA_DISK_LUN = 0;

/** Virtual machine and its data disk. */
export class BrokerMachine extends ComponentResource {
  /** The machine. */
  readonly machine: VirtualMachine;

  constructor(name: string, args: BrokerMachineArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:BrokerMachine', name, {}, options);
    const { resourceGroupName, location, tags, names } = args.placement;
    const named = (noun: string) => [noun, args.role].filter(Boolean).join('-');

    // Sessions, queues and retained messages. Protected: no change of the program may delete it.
    const dataDisk = new Disk(
      `${name}-data`,
      {
        diskName: names.own('disk', named('broker-data')),
        resourceGroupName,
        location,
        tags,
        sku: { name: 'StandardSSD_LRS' },
        creationData: { createOption: 'Empty' },
        diskSizeGB: args.dataDiskGb,
        // No export links: the disk is read by attaching it.
        networkAccessPolicy: 'DenyAll',
        publicNetworkAccess: 'Disabled',
      },
      { parent: this, protect: true },
    );

    this.machine = new VirtualMachine(
      `${name}-vm`,
      {
        vmName: names.own('vm', args.role),
        resourceGroupName,
        location,
        tags,
        hardwareProfile: { vmSize: args.vmSize },
        identity: { type: 'UserAssigned', userAssignedIdentities: [args.identity.id] },
        securityProfile: {
          securityType: 'TrustedLaunch',
          uefiSettings: { secureBootEnabled: true, vTpmEnabled: true },
          encryptionAtHost: args.encryptionAtHost,
        },
        osProfile: {
          computerName: names.own('vm', args.role),
          adminUsername: ADMIN,
          customData: Buffer.from(args.cloudInit).toString('base64'),
          linuxConfiguration: {
            disablePasswordAuthentication: true,
            provisionVMAgent: true,
            ssh: {
              publicKeys: [{ path: `/home/${ADMIN}/.ssh/authorized_keys`, keyData: args.sshPublicKey }],
            },
          },
        },
        storageProfile: {
          imageReference: IMAGE,
          osDisk: {
            name: names.own('disk', named('broker-os')),
            createOption: 'FromImage',
            deleteOption: 'Delete',
            diskSizeGB: OS_DISK_GB,
            caching: 'ReadWrite',
            managedDisk: { storageAccountType: 'StandardSSD_LRS' },
          },
          dataDisks: [
            {
              lun: DATA_DISK_LUN,
              createOption: 'Attach',
              deleteOption: 'Detach',
              // The broker's own fsync decides what is safe, so there must be no host cache in between.
              caching: 'None',
              managedDisk: { id: dataDisk.id },
            },
          ],
        },
        networkProfile: {
          networkInterfaces: [{ id: args.network.interfaceId, primary: true, deleteOption: 'Detach' }],
        },
        // The serial console, for a machine that is unreachable otherwise. Azure keeps its log at no cost.
        diagnosticsProfile: { bootDiagnostics: { enabled: true } },
      },
      {
        parent: this,
        dependsOn: args.access,
        // Disk and interface can be attached to one machine at a time.
        deleteBeforeReplace: true,
        // Azure refuses to change it (409 PropertyChangeNotAllowed). It matters only at a machine's first boot.
        ignoreChanges: ['osProfile.customData'],
        // Azure refuses to change these, too, or only while the machine is off. Properties that Azure itself changes on a running
        // machine, such as `patchSettings`, are not listed: a refresh that finds one changed must not rebuild the machine.
        replaceOnChanges: [
          'osProfile.adminUsername',
          'osProfile.computerName',
          'osProfile.linuxConfiguration.disablePasswordAuthentication',
          'osProfile.linuxConfiguration.ssh',
          'securityProfile.encryptionAtHost',
          'securityProfile.securityType',
          'securityProfile.uefiSettings',
          'storageProfile.imageReference',
          'storageProfile.osDisk.createOption',
          'storageProfile.osDisk.diskSizeGB',
          'storageProfile.osDisk.managedDisk',
          'storageProfile.osDisk.name',
        ],
      },
    );

    this.registerOutputs();
  }
}
