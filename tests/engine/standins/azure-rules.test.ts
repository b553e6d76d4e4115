// The stand-in Azure does and refuses what the real one does with resources that belong together.
import { describe, expect, it, test } from 'vitest';
import { baseFiles } from '../../../ops/adopt/testing/recordings.ts';
import { runAz } from './az.ts';
import { complete } from './azure-answers.ts';
import { refusal, remove, settle } from './azure-rules.ts';
import { Cloud, type Thing } from './cloud.ts';
import { thingsOf } from './recorded.ts';
import type { WireObject } from './values.ts';

/** What the base recorded. */
function recorded() {
  const cloud = new Cloud();
  for (const each of thingsOf(baseFiles())) cloud.put(each);
  const find = (type: string): Thing => cloud.find(`azure-native:${type}`);
  // As a PUT of what is there, with one member more or other.
  const put = (type: string, change: WireObject) => {
    const { id, outputs, type: full } = find(type);
    return refusal(cloud, { type: full, id, inputs: { ...outputs, ...change } });
  };
  return { cloud, find, put };
}

const VM = 'compute:VirtualMachine';
const set = (path: string) =>
  `az resource update --resource-group g --name zeroclaw-b1s --resource-type Microsoft.Compute/virtualMachines --set properties.${path}: what for`;

describe('with the machine goes what is attached with deleteOption Delete', () => {
  const left = (commands: string) => {
    const { cloud, find } = recorded();
    runAz(cloud, commands);
    remove(cloud, find(VM).id);
    const short = (type: string) => type.split(':').at(-1);
    return cloud.all().flatMap(({ type }) => (/Disk|Interface|PublicIP/.test(type) ? short(type) : []));
  };
  const keepDisk = set('storageProfile.osDisk.deleteOption=Detach');
  const dropNic = set('networkProfile.networkInterfaces[0].deleteOption=Delete');
  const dropAddress =
    'az resource update -g g -n zeroclaw-b1s123 --resource-type Microsoft.Network/networkInterfaces --set properties.ipConfigurations[0].publicIPAddress.deleteOption=Delete';
  it.each([
    ['its system disk, as recorded', '', ['NetworkInterface', 'PublicIPAddress']],
    ['nothing once az has said Detach', keepDisk, ['Disk', 'NetworkInterface', 'PublicIPAddress']],
    [
      'nor when it said so on two lines',
      'az resource update -g g -n zeroclaw-b1s \\\n  --resource-type Microsoft.Compute/virtualMachines --set properties.storageProfile.osDisk.deleteOption=Detach',
      ['Disk', 'NetworkInterface', 'PublicIPAddress'],
    ],
    ['the interface', `${keepDisk}\n${dropNic}`, ['Disk', 'PublicIPAddress']],
    ['and its address', `${keepDisk}\n${dropNic}\n${dropAddress}`, ['Disk']],
    [
      'the address only with the interface',
      `${keepDisk}\n${dropAddress}`,
      ['Disk', 'NetworkInterface', 'PublicIPAddress'],
    ],
  ])('%s', (_, commands, kept) => expect(left(commands)).toEqual(kept));
});

test.each([
  [VM, undefined],
  ['network:NetworkInterface', 'NicInUse'],
  ['network:PublicIPAddress', 'PublicIPAddressCannotBeDeleted'],
  ['network:NetworkSecurityGroup', 'InUseNetworkSecurityGroupCannotBeDeleted'],
  ['network:Subnet', 'InUseSubnetCannotBeDeleted'],
  ['network:VirtualNetwork', 'InUseSubnetCannotBeDeleted'],
  ['compute:Disk', 'OperationNotAllowed'],
  ['web:AppServicePlan', 'Conflict'],
  ['storage:StorageAccount', undefined],
])('deleting %s: %s', (type, code) => {
  const { cloud, find } = recorded();
  const { id } = find(type);
  if (code) expect(() => remove(cloud, id)).toThrow(`Code="${code}"`);
  else remove(cloud, id);
  expect(cloud.get(id) === undefined).toBe(code === undefined);
});

describe('an address', () => {
  const address = 'network:PublicIPAddress';
  it('never changes its zones, even if it has none', () => {
    const { put, find } = recorded();
    expect(put(address, {})).toBeUndefined();
    expect(put(address, { zones: ['1', '2', '3'] })).toContain('constraint NoZone and the request has');
    find(address).outputs.zones = ['3', '1', '2'];
    expect(put(address, { zones: ['1', '2', '3'] })).toBeUndefined();
    expect(put(address, { zones: [] })).toContain('ResourceAvailabilityZonesCannotBeModified');
  });
  it('has the host name of its label, and none without', () => {
    const fqdn = (dnsSettings?: WireObject) => {
      const inputs: WireObject = { location: 'eastasia', ...(dnsSettings && { dnsSettings }) };
      const outputs = structuredClone(inputs);
      const before = { dnsSettings: { domainNameLabel: 'plant-7', fqdn: 'plant-7.eastasia.cloudapp.azure.com' } };
      complete(outputs, `azure-native:${address}`, 'a', inputs, before);
      return outputs.dnsSettings;
    };
    expect(fqdn({ domainNameLabel: 'other' })).toMatchObject({ fqdn: 'other.eastasia.cloudapp.azure.com' });
    expect(fqdn()).toBeUndefined();
    expect(recorded().put(address, { dnsSettings: { domainNameLabel: '' } })).toContain('must not be null or empty');
  });
});

test('rules of a security group have a priority and a name of their own', () => {
  const rule = (name: string, priority: number, direction = 'Inbound') => ({ name, priority, direction });
  const { put } = recorded();
  const refused = (...securityRules: WireObject[]) => put('network:NetworkSecurityGroup', { securityRules });
  expect(refused(rule('a', 100), rule('b', 100, 'Outbound'), rule('c', 4096))).toBeUndefined();
  expect(refused(rule('a', 100), rule('b', 100))).toContain('Security rule b conflicts with rule a');
  expect(refused(rule('a', 100), rule('A', 110))).toContain('SecurityRuleConflict');
  expect(refused(rule('a', 99))).toContain('100 to 4096');
});

describe('a machine', () => {
  const os = (osDisk: WireObject, more: WireObject = {}) => ({ osProfile: {}, storageProfile: { osDisk }, ...more });
  /** Made again after it was deleted, with its disk kept. */
  const remade = (change: WireObject) => {
    const { cloud, find } = recorded();
    const { id, outputs, type } = find(VM);
    runAz(cloud, set('storageProfile.osDisk.deleteOption=Detach'));
    remove(cloud, id);
    const { name } = find('compute:Disk').outputs;
    const made = JSON.parse(JSON.stringify({ ...outputs, ...change }).replaceAll('THE DISK', String(name)));
    return { refused: refusal(cloud, { type, id, inputs: made }), cloud, made, id, type };
  };
  it('is not made of an image onto a disk that is there, nor attached with a profile', () => {
    expect(remade(os({ createOption: 'FromImage', name: 'THE DISK' })).refused).toContain('ConflictingUserInput');
    expect(remade(os({ createOption: 'FromImage', name: 'another' })).refused).toBeUndefined();
    expect(remade(os({ createOption: 'Attach', name: 'THE DISK' })).refused).toContain("'osProfile' is not allowed");
  });
  it('brings its system disk along', () => {
    const { cloud, made, id, type } = remade(os({ createOption: 'FromImage', name: 'another' }));
    settle(cloud, { type, id, inputs: made }, made);
    expect(cloud.find('azure-native:compute:Disk', '/another').outputs.creationData).toEqual({
      createOption: 'FromImage',
    });
    expect(made.storageProfile.osDisk.managedDisk.id).toMatch(/\/disks\/another$/);
  });
  it('is attached to what there is, and to what no other machine has', () => {
    const { cloud, find } = recorded();
    const { id, outputs, type } = find(VM);
    expect(refusal(cloud, { type, id: `${id}-2`, inputs: outputs })).toContain('NicInUse');
    remove(cloud, id);
    expect(refusal(cloud, { type, id, inputs: outputs })).toMatch(/InvalidResourceReference.*\/disks\//);
  });
});
