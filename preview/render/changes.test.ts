// What a reader is told of a change: what, why, and what nobody knows before the deployment.
import { expect, test } from 'vitest';
import { NO_COLORS } from '../../local/colors.ts';
import { diffPlans } from '../diff.ts';
import { UNKNOWN, type WireObject } from '../engine/wire.ts';
import type { Plan, PlanEntry } from '../plan.ts';
import type { Preview } from '../preview.ts';
import { renderChanges } from './changes.ts';
import { renderReport } from './report.ts';
import { makeStyle } from './style.ts';

const style = makeStyle(NO_COLORS);
const urn = (name: string) => `urn:pulumi:dev::p::t::${name}`;
const native = (type: string) => `azure-native:${type}`;

function entry(type: string, name: string, inputs: WireObject, options: PlanEntry['options'] = {}): PlanEntry {
  return { urn: urn(name), type, name, parent: '', custom: true, inputs, options, dependencies: [] };
}
const takes = (property: string, on: string) => ({ propertyDependencies: { [property]: [urn(on)] } });

const machine = (location: string, userData: string, options: PlanEntry['options'] = {}) =>
  entry(
    native('compute:VirtualMachine'),
    'vm',
    { vmName: 'vm', location, osProfile: { customData: userData } },
    options,
  );
const rest: Plan = [
  entry(
    native('compute:VirtualMachineRunCommandByVirtualMachine'),
    'run',
    { vmName: UNKNOWN, runCommandName: 'run' },
    { ...takes('vmName', 'vm'), protect: true },
  ),
  entry(native('monitor:MetricAlert'), 'alert', { ruleName: 'a', scopes: [UNKNOWN] }, takes('scopes', 'vm')),
  entry('command:local:Command', 'upload', { create: 'x' }, { deletedWith: urn('vm') }),
];
const diffOf = (before: Plan, after: Plan) => diffPlans(before, after, { stack: 'dev', project: 'p' });
const changes = (before: Plan, after: Plan) => renderChanges(diffOf(before, after), style).map((line) => line.trim());

test('a replacement says what it takes along, and why', () => {
  expect(changes([machine('a', ''), ...rest], [machine('b', ''), ...rest])).toEqual([
    '~ update azure-native:monitor:MetricAlert alert',
    'not known offline whether anything changes',
    '~ scopes: from vm, which is replaced',
    '± replace azure-native:compute:VirtualMachineRunCommandByVirtualMachine run',
    'protected: a deployment stops here until protect is taken off',
    '~ vmName: from vm, which is replaced (cannot change in place)',
    '± replace command:local:Command upload',
    'replaced with vm (deletedWith)',
    '± replace azure-native:compute:VirtualMachine vm',
    '~ location: "a" → "b" (cannot change in place)',
  ]);
});

test('what Azure refuses, what is still imported, and what only Pulumi keeps are said', () => {
  const [held, free] = [{ import: '/vm' }, { protect: true }];
  expect(changes([machine('a', 'x')], [machine('a', 'y')])).toEqual([
    '~ update azure-native:compute:VirtualMachine vm',
    'Azure refuses such a change: the deployment fails here; replaceOnChanges would have it replaced',
    '~ osProfile.customData: "x" → "y" (refused)',
  ]);
  expect(changes([machine('a', '', held)], [machine('b', '', held)])).toContain(
    'still imported: a deployment stops here until import is taken off',
  );
  expect(changes([machine('a', '', free)], [machine('a', '')])).toEqual([
    'options of azure-native:compute:VirtualMachine vm',
    '- options.protect: true',
  ]);
});

test('the summary counts what stops, and names what is not known', () => {
  const secret = entry(native('keyvault:Secret'), 'secret', {
    vaultName: 'v',
    secretName: 's',
    properties: '[secret]',
  });
  const role = (principalId: string) =>
    entry(native('authorization:RoleAssignment'), 'role', { scope: '/', principalId });
  const thing = (size: number) => entry('other:index:Thing', 'thing', { size });
  const before = [machine('a', ''), ...rest, secret, role('1'), thing(1)];
  const plan = [machine('b', ''), ...rest, secret, role('2'), thing(2)];
  const preview: Preview = {
    stack: 'dev',
    project: 'p',
    plan,
    diff: diffOf(before, plan),
    snapshotPath: '/dev.json',
    hasSnapshot: true,
    log: [],
    programOutput: '',
    unreadableKeys: [],
    unanswered: [],
  };
  expect(renderReport(preview, style, '/').split('\n')).toEqual(
    expect.arrayContaining([
      'Resources: 7 resources: ~ 2 to update, ± 4 to replace, 1 unchanged (1 of the updates only if a value changes that is not known offline)',
      'A deployment stops at 1 resource: see above.',
      'Not known offline: whether the secrets of these change: secret',
      'Not known offline: what replaces a resource of these types: other:index:Thing',
      'Not known offline: the names that the provider makes up, of azure-native:authorization:RoleAssignment',
    ]),
  );
});
