import { expect, test } from 'vitest';
import { diffPlans } from './diff.ts';
import { UNKNOWN, type WireObject } from './engine/wire.ts';
import type { PlanEntry } from './plan.ts';

const place = { stack: 'dev', project: 'p' };
const STACK = 'urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev';

function entry(type: string, name: string, inputs: WireObject = {}, options: PlanEntry['options'] = {}): PlanEntry {
  const urn = `urn:pulumi:dev::p::${type}::${name}`;
  return { urn, type, name, parent: STACK, custom: true, inputs, options, dependencies: [] };
}

const NSG = 'azure-native:network:NetworkSecurityGroup';
const VM = 'azure-native:compute:VirtualMachine';
const rule = (name: string, priority: number) => ({ name, priority });
/** Operation, then each changed path with its old and new value. */
function judge(before: PlanEntry[], after: PlanEntry[]) {
  return diffPlans(before, after, place).map(({ operation, changes, blockedByProtect }) => ({
    operation,
    changes: changes.map(({ path, before: was, after: is, forcesReplacement }) => [
      path.join('.'),
      was,
      is,
      ...(forcesReplacement ? ['replaces'] : []),
    ]),
    ...(blockedByProtect ? { blockedByProtect } : {}),
  }));
}
const one = (type: string, before: WireObject, after: WireObject, options: PlanEntry['options'] = {}) =>
  judge([entry(type, 'x', before, options)], [entry(type, 'x', after, options)])[0]!;

test('created, deleted and unchanged', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => entry(NSG, name));
  expect(judge([a!, b!], [b!, c!]).map(({ operation }) => operation)).toEqual(['delete', 'same', 'create']);
});

test('a change names its property, the old and the new value', () => {
  expect(one(NSG, { tags: { a: '1', b: '2' } }, { tags: { a: '1', b: '3', c: '4' } })).toEqual({
    operation: 'update',
    changes: [
      ['tags.b', '2', '3'],
      ['tags.c', undefined, '4'],
    ],
  });
});

test('items with names are matched by name', () => {
  const before = { securityRules: [rule('ssh', 100), rule('mqtt', 110)] };
  const after = { securityRules: [rule('ssh', 100), rule('extra', 105), rule('mqtt', 120)] };
  expect(one(NSG, before, after).changes).toEqual([
    ['securityRules.mqtt.priority', 110, 120],
    ['securityRules.extra', undefined, rule('extra', 105)],
  ]);
});

test('items with names that are only reordered are a change of order', () => {
  const rules = [rule('a', 1), rule('b', 2)];
  expect(one(NSG, { r: rules }, { r: rules.toReversed() }).changes).toEqual([['r.order', 'a, b', 'b, a']]);
});

test('other lists are matched by position', () => {
  expect(one(NSG, { l: ['a', 'b'] }, { l: ['a', 'c', 'd'] }).changes).toEqual([
    ['l.1', 'b', 'c'],
    ['l.2', undefined, 'd'],
  ]);
});

test('a property that the provider cannot change means a replacement', () => {
  expect(one(NSG, { networkSecurityGroupName: 'a' }, { networkSecurityGroupName: 'b' })).toEqual({
    operation: 'replace',
    changes: [['networkSecurityGroupName', 'a', 'b', 'replaces']],
  });
  expect(one(VM, { hardwareProfile: { vmSize: 'a' } }, { hardwareProfile: { vmSize: 'b' } }).operation).toBe('update');
});

test('the provider tries changes that Azure refuses', () => {
  const data = (customData: string) => [entry(VM, 'x', { osProfile: { customData } })];
  const [change] = diffPlans(data('a'), data('b'), place);
  expect(change).toMatchObject({ operation: 'update', changes: [{ refused: true, forcesReplacement: false }] });
});

test.each([
  ['what it names', { tags: { generation: '1' } }, { tags: { generation: '2' } }, 'tags.generation', 'replace'],
  ['what is below it', { tags: { a: { b: '1' } } }, { tags: { a: { b: '2' } } }, 'tags.a', 'replace'],
  ['what it names, when that is new', { tags: {} }, { tags: { generation: '2' } }, 'tags.generation', 'replace'],
  ['nothing above it', {}, { tags: { generation: '2' } }, 'tags.generation', 'update'],
])('replaceOnChanges replaces for %s', (_, before, after, pattern, operation) => {
  expect(one(NSG, before, after, { replaceOnChanges: [pattern] }).operation).toBe(operation);
});

test('an ignored change is not reported', () => {
  const options = { ignoreChanges: ['osProfile.customData'] };
  const change = one(VM, { osProfile: { customData: 'a' } }, { osProfile: { customData: 'b' } }, options);
  expect(change).toEqual({ operation: 'same', changes: [] });
});

test('an unknown value never makes a replacement certain', () => {
  expect(one(VM, { vmName: UNKNOWN }, { vmName: 'b' })).toEqual({
    operation: 'update',
    changes: [['vmName', UNKNOWN, 'b', 'replaces']],
  });
  expect(one(VM, { vmName: UNKNOWN }, { vmName: UNKNOWN }).operation).toBe('same');
});

test('a protected resource that would be deleted or replaced is marked', () => {
  const disk = (diskName: string, protect = true) => entry('azure-native:compute:Disk', 'd', { diskName }, { protect });
  expect(judge([disk('1')], [disk('2')])[0]).toMatchObject({ operation: 'replace', blockedByProtect: true });
  expect(judge([disk('1')], [])[0]).toMatchObject({ operation: 'delete', blockedByProtect: true });
  // Removed in the same deployment, it stops nothing.
  expect(judge([disk('1')], [disk('2', false)])[0]).not.toHaveProperty('blockedByProtect');
});

test('a changed option is shown but updates nothing; changed property dependencies are not shown', () => {
  const before = entry(NSG, 'x', {}, { protect: true, propertyDependencies: { a: ['b'] } });
  const after = { ...entry(NSG, 'x'), dependencies: ['y'] };
  expect(judge([before], [after])[0]).toEqual({ operation: 'same', changes: [['options.protect', true, undefined]] });
});

test('an import is not a creation, and a resource with the import option cannot be replaced', () => {
  const disk = (diskName: string) => entry('azure-native:compute:Disk', 'd', { diskName }, { import: '/d' });
  expect(judge([], [disk('1')])[0]).toMatchObject({ operation: 'import' });
  const [change] = diffPlans([disk('1')], [disk('2')], place);
  expect(change).toMatchObject({ operation: 'replace', blockedByImport: true });
});

test('a renamed resource is found by its alias', () => {
  const [change] = diffPlans([entry(NSG, 'old')], [entry(NSG, 'new', {}, { aliases: [{ name: 'old' }] })], place);
  expect(change).toMatchObject({ operation: 'same', formerUrn: `urn:pulumi:dev::p::${NSG}::old` });
});

test('the children of a renamed component are found through its alias', () => {
  const component = (name: string, options: PlanEntry['options'] = {}) => entry('m:index:Net', name, {}, options);
  const child = (parent: PlanEntry, name: string): PlanEntry => ({
    ...entry(NSG, name),
    urn: `urn:pulumi:dev::p::m:index:Net$${NSG}::${name}`,
    parent: parent.urn,
  });
  const [old, now] = [component('net'), component('network', { aliases: [{ name: 'net' }] })];
  const changes = diffPlans([old, child(old, 'net-nsg')], [now, child(now, 'network-nsg')], place);
  expect(changes.map(({ operation }) => operation)).toEqual(['same', 'same']);
});
