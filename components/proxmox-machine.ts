// A virtual machine of a Proxmox host, with the hypervisor's firewall before it.
import { File } from '@muhlba91/pulumi-proxmoxve/download/file.js';
import { FileLegacy } from '@muhlba91/pulumi-proxmoxve/fileLegacy.js';
import { OptionsLegacy } from '@muhlba91/pulumi-proxmoxve/firewall/optionsLegacy.js';
import { RulesLegacy } from '@muhlba91/pulumi-proxmoxve/firewall/rulesLegacy.js';
import { VmLegacy } from '@muhlba91/pulumi-proxmoxve/vmLegacy.js';
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi';
import type { HostRule } from '../domain/ingress.ts';

/** Arguments of {@link ProxmoxMachine}. */
export interface ProxmoxMachineArgs {
  /** Required. Node of the cluster. */
  nodeName: string;
  /** Required. DNS name of the machine. */
  hostName: string;
  /** Required. Its IPv4 address with its prefix: `203.0.113.4/24`. */
  address: string;
  /** Required. Address of its gateway. */
  gateway: string;
  /** Required. Addresses of its resolvers. */
  dnsServers: string[];
  /** Required. The bridge that it is on. */
  bridge: string;
  /** Required. Virtual processors. */
  cores: number;
  /** Required. Memory, MiB. */
  memoryMb: number;
  /** Required. Disk, GiB. */
  diskGb: number;
  /** Required. The node's store for disks. */
  datastore: string;
  /** Required. The node's store for images and snippets. */
  fileStore: string;
  /** Required. Where Debian's cloud image, QCOW2, is. */
  imageUrl: string;
  /** Required. The image's SHA-512, hexadecimal. */
  imageSha512: string;
  /** Required. Rendered `#cloud-config`, without a secret: anyone who may read the store can read it. */
  userData: string;
  /** Required. Names the file of the user data: what a machine that has booted cannot change. Another value wants another machine. */
  firstBoot: string;
  /** Required. What the firewall lets in. */
  ingress: readonly HostRule[];
}

/** The machine, its image, user data and firewall. */
export class ProxmoxMachine extends ComponentResource {
  readonly machine: VmLegacy;

  constructor(name: string, args: ProxmoxMachineArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:ProxmoxMachine', name, {}, options);
    const { nodeName, hostName, datastore, fileStore } = args;

    const image = new File(
      `${name}-image`,
      {
        nodeName,
        datastoreId: fileStore,
        contentType: 'import',
        fileName: `${hostName}.qcow2`,
        url: args.imageUrl,
        checksum: args.imageSha512,
        checksumAlgorithm: 'sha512',
      },
      // A machine that exists has its disk already, and upgrades itself.
      { parent: this, ignoreChanges: ['url', 'checksum'] },
    );
    const userData = new FileLegacy(
      `${name}-user-data`,
      {
        nodeName,
        datastoreId: fileStore,
        contentType: 'snippets',
        sourceRaw: { fileName: `${hostName}-${args.firstBoot}.yaml`, data: args.userData },
      },
      // Read at the first boot only. The provider would replace the file, and the machine with it.
      { parent: this, ignoreChanges: ['sourceRaw.data'] },
    );

    this.machine = new VmLegacy(
      `${name}-vm`,
      {
        nodeName,
        name: hostName,
        description: 'mqtt-saas: the platform in containers',
        // The machine has the agent once its first boot has installed it. Waiting for it would block the first `pulumi up`, and every
        // refresh while the machine is off, for 15 minutes. Its address is configuration, so nothing is learned from the agent.
        agent: { enabled: true, waitForIp: { disabled: true } },
        // An agent that does not answer holds a shutdown up, too.
        stopOnDestroy: true,
        rebootAfterUpdate: false,
        onBoot: true,
        protection: true,
        cpu: { cores: args.cores, type: 'x86-64-v2-AES' },
        memory: { dedicated: args.memoryMb },
        scsiHardware: 'virtio-scsi-single',
        disks: [
          {
            interface: 'scsi0',
            datastoreId: datastore,
            importFrom: image.id,
            size: args.diskGb,
            discard: 'on',
            iothread: true,
          },
        ],
        networkDevices: [{ bridge: args.bridge, model: 'virtio', firewall: true }],
        initialization: {
          datastoreId: datastore,
          ipConfigs: [{ ipv4: { address: args.address, gateway: args.gateway } }],
          dns: { servers: args.dnsServers },
          userDataFileId: userData.id,
        },
        operatingSystem: { type: 'l26' },
        // Debian's cloud image speaks to it.
        serialDevices: [{}],
      },
      // It has the database: no change of the program may delete it.
      { parent: this, protect: true },
    );

    const { vmId } = this.machine;
    const firewall = { parent: this };
    new OptionsLegacy(
      `${name}-firewall`,
      { nodeName, vmId, enabled: true, inputPolicy: 'DROP', outputPolicy: 'ACCEPT', macfilter: true, dhcp: false },
      firewall,
    );
    new RulesLegacy(`${name}-openings`, { nodeName, vmId, rules: args.ingress.map(openingOf) }, firewall);
    this.registerOutputs();
  }
}

function openingOf({ protocol, port, sources, reason }: HostRule) {
  const source = sources === 'any' ? {} : { source: sources.join(',') };
  return { type: 'in', action: 'ACCEPT', proto: protocol, dport: String(port), comment: reason, ...source };
}
