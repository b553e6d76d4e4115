// Subnet and interface groups together: when both count, and when one must satisfy the contract alone.
import { describe, expect, test } from 'vitest';
import type { Resource } from '../resource.ts';
import { resource, UNKNOWN_TEXT, urnOf } from '../testing/plan.ts';
import {
  FLOW_LOG,
  NETWORK_INTERFACE,
  SCALE_SET,
  SECURITY_GROUP,
  SUBNET,
  VIRTUAL_MACHINE,
  VIRTUAL_NETWORK,
} from '../types.ts';
import { ADMIN, rule } from './corpus/case.ts';
import { ingressContract } from './ingress-contract.ts';

const ID = { id: UNKNOWN_TEXT };
const to = (type: string, ...names: string[]) => names.map((name) => urnOf(type, name));
const group = (name: string, ...rules: object[]) =>
  resource(SECURITY_GROUP, name, { networkSecurityGroupName: name, securityRules: rules });
const open = rule({ name: 'open' });
const mqtts = rule({ name: 'mqtts', destinationPortRange: '8883' });

/** A subnet with a group, unless its name is empty. */
function subnet(guard: string, name = 'subnet', id: unknown = UNKNOWN_TEXT): Resource {
  const links: Record<string, string[]> = guard === '' ? {} : { networkSecurityGroup: to(SECURITY_GROUP, guard) };
  const guarded = guard === '' ? {} : { networkSecurityGroup: { id } };
  return resource(SUBNET, name, { addressPrefix: '10.10.1.0/24', ...guarded }, links);
}
/** An interface in one of the subnets, with one of the groups. */
function nic(guards: string[], subnets = ['subnet'], name = 'nic'): Resource {
  const props = { ipConfigurations: [{ subnet: ID }], ...(guards.length > 0 ? { networkSecurityGroup: ID } : {}) };
  return resource(NETWORK_INTERFACE, name, props, {
    ...(subnets.length > 0 ? { ipConfigurations: to(SUBNET, ...subnets) } : {}),
    ...(guards.length > 0 ? { networkSecurityGroup: to(SECURITY_GROUP, ...guards) } : {}),
  });
}
const INSTANCE = 'azure-native:sql:ManagedInstance';
const network = resource(VIRTUAL_NETWORK, 'network', { virtualNetworkName: 'v' });
/** The subnet under the name `front`. */
const named = (guard: string) => {
  const made = subnet(guard);
  return { ...made, props: { ...made.props, subnetName: 'front', virtualNetworkName: 'v' } };
};
const judge = (...resources: Resource[]) =>
  ingressContract
    .checkStack([group('strict', mqtts), group('lax', open), ...resources], { adminCidrs: [ADMIN] })
    .map(({ message }) => message);

describe('a packet needs both groups', () => {
  test('a strict group on the subnet protects an interface with an open one', () => {
    expect(judge(subnet('strict'), nic(['lax']))).toEqual([]);
  });
  test('and the reverse', () => {
    expect(judge(subnet('lax'), nic(['strict']))).toEqual([]);
  });
  test('two groups that are open for different sources block everything; for a common source they do not', () => {
    const halves = [
      group('low', rule({ name: 'low', sourceAddressPrefix: '0.0.0.0/1' })),
      group('high', rule({ name: 'high', sourceAddressPrefix: '128.0.0.0/1' })),
    ];
    expect(
      judge(...halves, subnet('strict', 'other'), subnet('low'), nic(['high']), nic(['lax'], ['other'], 'n2')),
    ).toEqual([]);
    const [message] = judge(subnet('lax'), nic(['open']), group('open', open));
    expect(message).toMatch(
      /rule "open" \(priority 100\) of group "lax", and by rule "open" \(priority 100\) of group "open"/,
    );
  });
  test('the same holds for interfaces defined inside a machine or a scale set', () => {
    const inside = {
      networkInterfaceConfigurations: [{ networkSecurityGroup: ID, ipConfigurations: [{ subnet: ID }] }],
    };
    const links = [...to(SUBNET, 'subnet'), ...to(SECURITY_GROUP, 'strict')];
    const machine = resource(VIRTUAL_MACHINE, 'vm', { networkProfile: inside }, { networkProfile: links });
    const set = resource(
      SCALE_SET,
      'set',
      { virtualMachineProfile: { networkProfile: inside } },
      { virtualMachineProfile: links },
    );
    expect(judge(subnet('lax'), machine)).toEqual([]);
    expect(judge(subnet('lax'), set)).toEqual([]);
  });
});

describe('an open group must keep the contract by itself when', () => {
  test.each<[string, Resource[]]>([
    ['nothing is in its subnet', [subnet('lax')]],
    ['it is nowhere', [subnet('strict'), nic(['strict'])]],
    ['an interface in its subnet has no group', [subnet('lax'), nic(['strict']), nic([], ['subnet'], 'bare')]],
    ['an interface without a group may be in its subnet', [subnet('lax'), nic(['strict']), nic([], [], 'stray')]],
    ['its interface is in a subnet without a group', [subnet(''), nic(['lax'])]],
    ['its interface is in a subnet that cannot be told', [subnet('strict'), nic(['lax'], [])]],
    [
      'its interface may be in an open subnet',
      [subnet('strict'), subnet('', 'free'), nic(['lax'], ['subnet', 'free'])],
    ],
    ['the interface may have it instead of the strict one', [subnet('lax'), nic(['strict', 'lax'])]],
    [
      'its subnet contains something other than interfaces',
      [
        subnet('lax'),
        nic(['strict']),
        resource(
          'azure-native:containerinstance:ContainerGroup',
          'box',
          { subnetIds: [ID] },
          { subnetIds: to(SUBNET, 'subnet') },
        ),
      ],
    ],
    [
      'something is in its subnet by a written id',
      [named('lax'), nic(['strict']), resource(INSTANCE, 'sql', { subnetId: '/virtualNetworks/v/SUBNETS/Front' })],
    ],
    [
      'something is in a subnet of the same name as far as anybody knows',
      [
        subnet('lax'),
        nic(['strict']),
        resource(INSTANCE, 'sql', { deep: [{ subnetId: '/virtualNetworks/v/subnets/s' }] }),
      ],
    ],
    [
      'the subnet of something is made from the network',
      [
        network,
        subnet('lax'),
        nic(['strict']),
        resource(INSTANCE, 'sql', { subnetId: UNKNOWN_TEXT }, { subnetId: [network.urn] }),
      ],
    ],
    [
      'something depends on the network',
      [network, named('lax'), nic(['strict']), { ...resource(INSTANCE, 'sql', {}), dependencies: [network.urn] }],
    ],
    [
      'the interfaces of a machine are not known',
      [subnet('lax'), nic(['strict']), resource(VIRTUAL_MACHINE, 'vm', { networkProfile: UNKNOWN_TEXT })],
    ],
    [
      'the strict subnet is only mentioned',
      [
        { ...subnet('strict'), props: { ...subnet('strict').props, subnetName: 'front' } },
        {
          ...nic(['lax']),
          props: {
            ipConfigurations: [{ subnet: { id: '/virtualNetworks/v/subnets/back' } }],
            networkSecurityGroup: ID,
          },
        },
      ],
    ],
    ['the strict group is only named', [subnet('strict', 'subnet', '/networkSecurityGroups/elsewhere'), nic(['lax'])]],
  ])('%s', (_, resources) => {
    expect(judge(...resources)).toEqual([
      expect.stringMatching(/to 22\/tcp is allowed by rule "open" \(priority 100\) of group "lax"\.$/),
    ]);
  });
});

test('a resource elsewhere, or one for the whole network, is not in the subnet', () => {
  const elsewhere = resource(INSTANCE, 'sql', { subnetId: '/virtualNetworks/v/subnets/back' });
  const log = resource(FLOW_LOG, 'log', { targetResourceId: UNKNOWN_TEXT }, { targetResourceId: [network.urn] });
  const other = resource(VIRTUAL_NETWORK, 'other', { virtualNetworkName: 'w' });
  const far = resource(INSTANCE, 'far', { subnetId: UNKNOWN_TEXT }, { subnetId: [other.urn] });
  // After a deployment, Azure lists in these the subnets that use them.
  const subnets = [{ id: '/virtualNetworks/v/subnets/front' }];
  const lists = [SECURITY_GROUP, 'azure-native:network:NatGateway'].map((type) => resource(type, 'lists', { subnets }));
  expect(judge(network, other, named('lax'), nic(['strict']), elsewhere, log, far, ...lists)).toEqual([]);
});

test('a rule that exists only in Azure is reported as such, with the fix', () => {
  const echoed = group('left', { ...open, name: 'gone', etag: 'W/"1"' });
  const [finding, ...more] = ingressContract.checkStack([echoed], { adminCidrs: [ADMIN] });
  expect(more).toEqual([]);
  expect(finding!.message).toContain(
    'rule "gone" (priority 100) of group "left", which exists in Azure but not in the program',
  );
  expect(finding!.fix).toMatch(/pulumi destroy --target .*pulumi refresh/);
});

test('a group that also guards an interface inside a machine is judged for every address, not for its subnet alone', () => {
  const far = group('far', rule({ destinationAddressPrefix: '10.99.0.4/32' }));
  expect(judge(far, subnet('strict'), nic(['strict']), subnet('far', 'other'))).toHaveLength(1);
  const inside = { networkInterfaceConfigurations: [{ networkSecurityGroup: ID, ipConfigurations: [{}] }] };
  const machine = resource(
    VIRTUAL_MACHINE,
    'vm',
    { networkProfile: inside },
    { networkProfile: to(SECURITY_GROUP, 'far') },
  );
  const messages = judge(far, subnet('strict'), nic(['strict']), subnet('far', 'other'), machine);
  expect(messages.filter((message) => message.includes('group "far"'))).toHaveLength(1);
});
