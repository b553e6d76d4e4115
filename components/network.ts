// The broker machine's network: one subnet, its security group, one fixed public address, one interface.
import { NetworkInterface } from '@pulumi/azure-native/network/networkInterface.js';
import { NetworkSecurityGroup } from '@pulumi/azure-native/network/networkSecurityGroup.js';
import { PublicIPAddress } from '@pulumi/azure-native/network/publicIPAddress.js';
import { Subnet } from '@pulumi/azure-native/network/subnet.js';
import { VirtualNetwork } from '@pulumi/azure-native/network/virtualNetwork.js';
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import type { IngressRule } from '../domain/ingress.ts';
import { securityRules } from './network-rules.ts';
import type { Placement } from './placement.ts';

/** Names of its resources that others refer to, by the component's name. */
export const resourceNames = { securityGroup: (name: string) => `${name}-nsg` };

/** Arguments of {@link Network}. */
export interface NetworkArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. IPv4 range of the virtual network, CIDR. */
  addressSpace: string;
  /** Required. IPv4 range of the broker's subnet, CIDR, inside `addressSpace`. */
  subnetPrefix: string;
  /** Required. All inbound traffic that is allowed; the rest is denied. From `ingressRules()` in `domain`. */
  ingress: IngressRule[];
  /** Optional. True: an address and an interface for a standby machine, in the same subnet. Default: none. */
  standby?: boolean;
}

/** How a machine is reached. */
export interface Attachment {
  /** Id of the interface the machine is attached to. */
  interfaceId: Output<string>;
  /** The fixed public IPv4 address. It outlives the machine. */
  publicAddress: Output<string>;
}

/** Virtual network, subnet, security group, public address and network interface of the broker machine. */
export class Network extends ComponentResource implements Attachment {
  /** Id of the virtual network. */
  readonly virtualNetworkId: Output<string>;
  /** Its name. */
  readonly virtualNetworkName: Output<string>;
  /** Id of the broker's subnet. */
  readonly subnetId: Output<string>;
  /** Id of the interface the machine is attached to. */
  readonly interfaceId: Output<string>;
  /** Id of the security group. */
  readonly securityGroupId: Output<string>;
  readonly publicAddress: Output<string>;
  /** Of the standby machine; undefined: there is none. */
  readonly standby: Attachment | undefined;
  /** The host name that Azure gives the address, free of charge. */
  readonly hostName: string;

  constructor(name: string, args: NetworkArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Network', name, {}, options);
    const { placement, addressSpace, subnetPrefix, ingress, standby = false } = args;
    const { resourceGroupName, location, tags, names } = placement;
    const parent = { parent: this };

    const securityGroup = new NetworkSecurityGroup(
      resourceNames.securityGroup(name),
      {
        networkSecurityGroupName: names.own('nsg'),
        resourceGroupName,
        location,
        tags,
        securityRules: securityRules(ingress),
      },
      parent,
    );

    const virtualNetwork = new VirtualNetwork(
      `${name}-vnet`,
      {
        virtualNetworkName: names.own('vnet'),
        resourceGroupName,
        location,
        tags,
        addressSpace: { addressPrefixes: [addressSpace] },
      },
      parent,
    );

    // A separate resource: inline subnets are replaced together with their virtual network.
    const subnet = new Subnet(
      `${name}-subnet`,
      {
        subnetName: names.own('snet'),
        resourceGroupName,
        virtualNetworkName: virtualNetwork.name,
        addressPrefix: subnetPrefix,
        networkSecurityGroup: { id: securityGroup.id },
        // New API versions have no implicit egress address any more; the machine uses its own public address.
        defaultOutboundAccess: false,
      },
      parent,
    );

    const own = attach(name, { placement, subnetId: subnet.id, label: names.shared('dns') }, this);
    this.interfaceId = own.interfaceId;
    this.publicAddress = own.publicAddress;
    this.standby = standby
      ? attach(`${name}-standby`, { placement, subnetId: subnet.id, role: 'standby' }, this)
      : undefined;
    this.virtualNetworkId = virtualNetwork.id;
    this.virtualNetworkName = virtualNetwork.name;
    this.subnetId = subnet.id;
    this.securityGroupId = securityGroup.id;
    this.hostName = `${names.shared('dns')}.${location}.cloudapp.azure.com`;
    this.registerOutputs({
      interfaceId: this.interfaceId,
      publicAddress: this.publicAddress,
      hostName: this.hostName,
    });
  }
}

/** What differs from one machine to the other. */
interface AttachArgs {
  placement: Placement;
  subnetId: Input<string>;
  /** Last part of the names. */
  role?: string;
  /** Label of the host name that Azure gives the address; undefined: it gets none. */
  label?: string;
}

/** An address that stays, and an interface with it. */
function attach(name: string, { placement, subnetId, role, label }: AttachArgs, parent: Network): Attachment {
  const { resourceGroupName, location, tags, names } = placement;
  const address = new PublicIPAddress(
    `${name}-address`,
    {
      publicIpAddressName: names.own('pip', role),
      resourceGroupName,
      location,
      tags,
      sku: { name: 'Standard', tier: 'Regional' },
      publicIPAddressVersion: 'IPv4',
      publicIPAllocationMethod: 'Static',
      ...(label !== undefined && { dnsSettings: { domainNameLabel: label } }),
    },
    // Devices, certificates and firewalls elsewhere know it, and a new one has another address.
    { parent, protect: true },
  );
  const networkInterface = new NetworkInterface(
    `${name}-nic`,
    {
      networkInterfaceName: names.own('nic', role),
      resourceGroupName,
      location,
      tags,
      enableIPForwarding: false,
      ipConfigurations: [
        {
          name: 'primary',
          primary: true,
          privateIPAllocationMethod: 'Dynamic',
          subnet: { id: subnetId },
          publicIPAddress: { id: address.id },
        },
      ],
    },
    { parent },
  );
  return { interfaceId: networkInterface.id, publicAddress: address.ipAddress.apply((text) => text ?? '') };
}
