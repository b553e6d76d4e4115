// The broker machine's network: one subnet, its security group, one fixed public address, one interface.
import { NetworkInterface } from '@pulumi/azure-native/network/networkInterface.js';
import { NetworkSecurityGroup } from '@pulumi/azure-native/network/networkSecurityGroup.js';
import { PublicIPAddress } from '@pulumi/azure-native/network/publicIPAddress.js';
import { Subnet } from '@pulumi/azure-native/network/subnet.js';
import { VirtualNetwork } from '@pulumi/azure-native/network/virtualNetwork.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
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
}

/** Virtual network, subnet, security group, public address and network interface of the broker machine. */
export class Network extends ComponentResource {
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
  /** The fixed public IPv4 address. It outlives the machine. */
  readonly publicAddress: Output<string>;
  /** The host name that Azure gives the address, free of charge. */
  readonly hostName: string;

  constructor(name: string, args: NetworkArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Network', name, {}, options);
    const { placement, addressSpace, subnetPrefix, ingress } = args;
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

    const publicAddress = new PublicIPAddress(
      `${name}-address`,
      {
        publicIpAddressName: names.own('pip'),
        resourceGroupName,
        location,
        tags,
        sku: { name: 'Standard', tier: 'Regional' },
        publicIPAddressVersion: 'IPv4',
        publicIPAllocationMethod: 'Static',
        dnsSettings: { domainNameLabel: names.shared('dns') },
      },
      // Devices, certificates and firewalls elsewhere know it, and a new one has another address.
      { parent: this, protect: true },
    );

    const networkInterface = new NetworkInterface(
      `${name}-nic`,
      {
        networkInterfaceName: names.own('nic'),
        resourceGroupName,
        location,
        tags,
        enableIPForwarding: false,
        ipConfigurations: [
          {
            name: 'primary',
            primary: true,
            privateIPAllocationMethod: 'Dynamic',
            subnet: { id: subnet.id },
            publicIPAddress: { id: publicAddress.id },
          },
        ],
      },
      parent,
    );

    this.virtualNetworkId = virtualNetwork.id;
    this.virtualNetworkName = virtualNetwork.name;
    this.subnetId = subnet.id;
    this.interfaceId = networkInterface.id;
    this.securityGroupId = securityGroup.id;
    this.publicAddress = publicAddress.ipAddress.apply((address) => address ?? '');
    this.hostName = `${names.shared('dns')}.${location}.cloudapp.azure.com`;
    this.registerOutputs({
      interfaceId: this.interfaceId,
      publicAddress: this.publicAddress,
      hostName: this.hostName,
    });
  }
}
