import { describe, expect, test } from 'vitest';
import { resource, UNKNOWN_TEXT, urnOf } from '../testing/plan.ts';
import {
  NETWORK_INTERFACE,
  PUBLIC_IP,
  SCALE_SET,
  SECURITY_GROUP,
  SUBNET,
  VIRTUAL_MACHINE,
  VIRTUAL_NETWORK,
} from '../types.ts';
import { guardedInterfaces } from './guarded-interfaces.ts';

const ID = { id: UNKNOWN_TEXT };
const group = resource(SECURITY_GROUP, 'nsg', {});
const address = resource(PUBLIC_IP, 'address', {});
const guardedSubnet = resource(SUBNET, 'subnet', { networkSecurityGroup: ID }, { networkSecurityGroup: [group.urn] });
const openSubnet = resource(SUBNET, 'subnet', { addressPrefix: '10.10.1.0/24' });
const toSubnet = { ipConfigurations: [urnOf(SUBNET, 'subnet'), address.urn] };
const publicConfiguration = { publicIPAddress: ID, subnet: ID };

function nic(props: Record<string, unknown> = {}, links: Record<string, string[]> = toSubnet) {
  return resource(NETWORK_INTERFACE, 'nic', { ipConfigurations: [publicConfiguration], ...props }, links);
}

function judge(...resources: ReturnType<typeof resource>[]): string[] {
  return guardedInterfaces.checkStack([group, address, ...resources], {}).map(({ message }) => message);
}

describe('network-public-interfaces-guarded', () => {
  test('a group on the subnet or on the interface protects it', () => {
    expect(judge(guardedSubnet, nic())).toEqual([]);
    expect(judge(openSubnet, nic({ networkSecurityGroup: ID }))).toEqual([]);
  });
  test('so is one that receives packets from a load balancer or gateway', () => {
    for (const key of [
      'loadBalancerBackendAddressPools',
      'loadBalancerInboundNatRules',
      'applicationGatewayBackendAddressPools',
    ]) {
      const behind = nic({ ipConfigurations: [{ subnet: ID, [key]: [ID] }] });
      expect(judge(openSubnet, behind).join()).toContain('neither it nor its subnet');
      expect(judge(guardedSubnet, behind)).toEqual([]);
      expect(judge(openSubnet, nic({ ipConfigurations: [{ subnet: ID, [key]: UNKNOWN_TEXT }] }))).toHaveLength(1);
    }
  });
  test('and one in a scale set', () => {
    const inside = (extra: object) => ({
      networkInterfaceConfigurations: [
        { ipConfigurations: [{ publicIPAddressConfiguration: { name: 'p' }, subnet: ID }], ...extra },
      ],
    });
    const set = (extra: object) =>
      resource(
        SCALE_SET,
        'set',
        { virtualMachineProfile: { networkProfile: inside(extra) } },
        { virtualMachineProfile: [openSubnet.urn] },
      );
    expect(judge(openSubnet, set({}))).toHaveLength(1);
    expect(judge(openSubnet, set({ networkSecurityGroup: ID }))).toEqual([]);
  });
  test('an interface without a public address needs no group', () => {
    expect(judge(openSubnet, nic({ ipConfigurations: [{ subnet: ID }] }))).toEqual([]);
  });
  test('neither is a violation', () => {
    expect(judge(openSubnet, nic()).join()).toContain('neither it nor its subnet');
  });
  test('a group that nothing refers to protects nothing', () => {
    expect(judge(openSubnet, nic({ networkSecurityGroup: {} }))).toHaveLength(1);
  });
  test('subnets are found by name in a known id, inside a network too', () => {
    const id = '/subscriptions/0/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/Front';
    const known = nic({ ipConfigurations: [{ publicIPAddress: ID, subnet: { id } }] }, {});
    const inside = (subnet: object) => resource(VIRTUAL_NETWORK, 'vnet', { subnets: [{ name: 'front', ...subnet }] });
    expect(judge(inside({ networkSecurityGroup: { id: '/nsg' } }), known)).toEqual([]);
    expect(judge(inside({}), known).join()).toContain('neither it nor its subnet');
    expect(judge(resource(SUBNET, 'subnet', { subnetName: 'front' }), known).join()).toContain(
      'neither it nor its subnet',
    );
    expect(judge(known).join()).toContain('outside this stack');
  });
  test('what is not known counts as open', () => {
    expect(judge(guardedSubnet, nic({}, {})).join()).toContain('is not known during preview');
    expect(judge(guardedSubnet, nic({ ipConfigurations: UNKNOWN_TEXT }))).toHaveLength(1);
    expect(judge(openSubnet, nic({ ipConfigurations: [UNKNOWN_TEXT] }))).toHaveLength(1);
  });
  test('so do the interfaces of a machine or scale set that are not known', () => {
    const unknown = { networkInterfaceConfigurations: UNKNOWN_TEXT };
    for (const networkProfile of [UNKNOWN_TEXT, unknown, { networkInterfaceConfigurations: [UNKNOWN_TEXT] }]) {
      expect(judge(guardedSubnet, resource(VIRTUAL_MACHINE, 'vm', { networkProfile }))).toHaveLength(1);
      const virtualMachineProfile = { networkProfile };
      expect(judge(guardedSubnet, resource(SCALE_SET, 'set', { virtualMachineProfile }))).toHaveLength(1);
    }
    expect(judge(guardedSubnet, resource(SCALE_SET, 'set', { virtualMachineProfile: UNKNOWN_TEXT }))).toHaveLength(1);
    expect(
      judge(guardedSubnet, resource(VIRTUAL_MACHINE, 'vm', { networkProfile: { networkInterfaces: [ID] } })),
    ).toEqual([]);
  });
  test('one open subnet of two is a violation', () => {
    const other = resource(SUBNET, 'other', {});
    const both = { ipConfigurations: [guardedSubnet.urn, other.urn] };
    expect(judge(guardedSubnet, other, nic({}, both))).toHaveLength(1);
  });
  test('interfaces defined inside a machine are judged too', () => {
    const inside = (extra: object) =>
      resource(
        VIRTUAL_MACHINE,
        'vm',
        {
          networkProfile: {
            networkInterfaceConfigurations: [
              { ipConfigurations: [{ publicIPAddressConfiguration: { name: 'p' }, subnet: ID }], ...extra },
            ],
          },
        },
        { networkProfile: [urnOf(SUBNET, 'subnet')] },
      );
    expect(judge(guardedSubnet, inside({}))).toEqual([]);
    expect(judge(openSubnet, inside({}))).toHaveLength(1);
    expect(judge(openSubnet, inside({ networkSecurityGroup: ID }))).toEqual([]);
  });
});
