// Public addresses defined inside a machine, and which interfaces may have one.
import { runtime } from '@pulumi/pulumi';
import { expect, test } from 'vitest';
import { resource, UNKNOWN_TEXT } from '../testing/plan.ts';
import { judge } from '../testing/specimen.ts';
import { NETWORK_INTERFACE, VIRTUAL_MACHINE } from '../types.ts';
import { noIpForwarding } from './no-ip-forwarding.ts';
import { publicAddress } from './public-address.ts';

const front = (name: string) =>
  resource(NETWORK_INTERFACE, name, { ipConfigurations: [{ publicIPAddress: { id: UNKNOWN_TEXT } }] });
const inside = (address: object, nic: object = {}) =>
  resource(VIRTUAL_MACHINE, 'vm', {
    networkProfile: {
      networkInterfaceConfigurations: [{ ipConfigurations: [{ publicIPAddressConfiguration: address }], ...nic }],
    },
  });

test('one interface may have an address, a second only when both are listed', () => {
  expect(judge(publicAddress, [front('one')])).toEqual([]);
  expect(judge(publicAddress, [front('one'), front('two')])).toHaveLength(1);
  expect(judge(publicAddress, [front('one'), front('two')], { interfaces: ['one', 'two'] })).toEqual([]);
  expect(judge(publicAddress, [front('one')], { interfaces: [] })).toHaveLength(1);
});
test('a stack with a standby broker has two, and no third', () => {
  runtime.setConfig('mqtt-saas:standbyBroker', 'true');
  try {
    expect(judge(publicAddress, [front('one'), front('two')])).toEqual([]);
    expect(judge(publicAddress, [front('one'), front('two'), front('three')])).toHaveLength(1);
  } finally {
    runtime.setConfig('mqtt-saas:standbyBroker', 'false');
  }
});
test('an address defined inside a machine is judged too', () => {
  const standard = { sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static' };
  expect(judge(publicAddress, [inside(standard)])).toEqual([]);
  expect(judge(publicAddress, [inside({ name: 'p' })])).toHaveLength(2);
});
test('IP forwarding there is judged too', () => {
  expect(judge(noIpForwarding, [inside({}, { enableIPForwarding: true })])).toHaveLength(1);
  expect(judge(noIpForwarding, [inside({}, { enableIPForwarding: false })])).toEqual([]);
});
