// The private way from the Function App to the hub: a subnet for the app's connections with an exit of its own, an address of the hub in
// the virtual network, and the name that leads there.
import { NatGateway } from '@pulumi/azure-native/network/natGateway.js';
import { PrivateDnsZoneGroup } from '@pulumi/azure-native/network/privateDnsZoneGroup.js';
import { PrivateEndpoint } from '@pulumi/azure-native/network/privateEndpoint.js';
import { PublicIPAddress } from '@pulumi/azure-native/network/publicIPAddress.js';
import { Subnet } from '@pulumi/azure-native/network/subnet.js';
import { PrivateZone } from '@pulumi/azure-native/privatedns/privateZone.js';
import { VirtualNetworkLink } from '@pulumi/azure-native/privatedns/virtualNetworkLink.js';
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import type { Network } from './network.ts';
import type { Placement } from './placement.ts';

/** Of every Event Hubs namespace that has a private endpoint ("Azure Private Endpoint private DNS zone values"). */
const ZONE = 'privatelink.servicebus.windows.net';

/** Arguments of {@link PrivateHub}. */
export interface PrivateHubArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. Virtual network of the environment; the hub's address lies in its subnet. */
  network: Network;
  /** Required. Id of the Event Hubs namespace. */
  namespaceId: Input<string>;
  /** Required. IPv4 range of the app's subnet, CIDR, `/27` or larger, inside the virtual network and free. */
  subnetPrefix: string;
}

/** Subnet of the Function App with its NAT gateway; private endpoint of the hub with its DNS zone. */
export class PrivateHub extends ComponentResource {
  /** Id of the app's subnet. */
  readonly functionsSubnetId: Output<string>;

  constructor(name: string, args: PrivateHubArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:PrivateHub', name, {}, options);
    const { placement, network, namespaceId, subnetPrefix } = args;
    const { resourceGroupName, location, tags, names } = placement;
    const parent = { parent: this };

    const address = new PublicIPAddress(
      `${name}-address`,
      {
        publicIpAddressName: names.own('pip', 'functions'),
        resourceGroupName,
        location,
        tags,
        sku: { name: 'Standard', tier: 'Regional' },
        publicIPAddressVersion: 'IPv4',
        publicIPAllocationMethod: 'Static',
      },
      // The database's list of allowed addresses may have it.
      { parent: this, protect: true },
    );
    const gateway = new NatGateway(
      `${name}-nat`,
      {
        natGatewayName: names.own('ng'),
        resourceGroupName,
        location,
        tags,
        sku: { name: 'Standard' },
        publicIpAddresses: [{ id: address.id }],
      },
      parent,
    );

    const subnet = new Subnet(
      `${name}-subnet`,
      {
        subnetName: names.own('snet', 'functions'),
        resourceGroupName,
        virtualNetworkName: network.virtualNetworkName,
        addressPrefix: subnetPrefix,
        delegations: [{ name: 'functions', serviceName: 'Microsoft.App/environments' }],
        // To the database and the broker: a private subnet has no other exit.
        natGateway: { id: gateway.id },
        defaultOutboundAccess: false,
      },
      parent,
    );

    const zone = new PrivateZone(
      `${name}-zone`,
      { privateZoneName: ZONE, resourceGroupName, location: 'global', tags },
      parent,
    );
    const link = new VirtualNetworkLink(
      `${name}-zone-link`,
      {
        virtualNetworkLinkName: 'network',
        privateZoneName: zone.name,
        resourceGroupName,
        location: 'global',
        tags,
        virtualNetwork: { id: network.virtualNetworkId },
        registrationEnabled: false,
      },
      parent,
    );

    const endpoint = new PrivateEndpoint(
      `${name}-endpoint`,
      {
        privateEndpointName: names.own('pep', 'hub'),
        resourceGroupName,
        location,
        tags,
        subnet: { id: network.subnetId },
        privateLinkServiceConnections: [{ name: 'hub', privateLinkServiceId: namespaceId, groupIds: ['namespace'] }],
      },
      parent,
    );
    new PrivateDnsZoneGroup(
      `${name}-endpoint-name`,
      {
        privateDnsZoneGroupName: 'default',
        privateEndpointName: endpoint.name,
        resourceGroupName,
        privateDnsZoneConfigs: [{ name: 'servicebus', privateDnsZoneId: zone.id }],
      },
      { parent: this, dependsOn: [link] },
    );

    this.functionsSubnetId = subnet.id;
    this.registerOutputs();
  }
}
