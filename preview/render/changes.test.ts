// The report of a change: what changes, why, and what is not known before deployment.
import { expect, test } from 'vitest';
import { NO_COLORS } from '../../bootstrap/colors.ts';
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

test('a replacement shows which dependents it replaces, and why', () => {
  expect(changes([machine('a', ''), ...rest], [machine('b', ''), ...rest])).toEqual([
    '~ update azure-native:monitor:MetricAlert alert',
    'whether anything changes is not known offline',
    '~ scopes: from vm, which is replaced',
    '± replace azure-native:compute:VirtualMachineRunCommandByVirtualMachine run',
    'protected: the deployment stops here until the option protect is removed',
    '~ vmName: from vm, which is replaced (cannot change in place)',
    '± replace command:local:Command upload',
    'replaced together with vm (deletedWith)',
    '± replace azure-native:compute:VirtualMachine vm',
    '~ location: "a" → "b" (cannot change in place)',
  ]);
});

test('the report names changes that Azure refuses, imported resources, and changes of options', () => {
  const [held, free] = [{ import: '/vm' }, { protect: true }];
  expect(changes([machine('a', 'x')], [machine('a', 'y')])).toEqual([
    '~ update azure-native:compute:VirtualMachine vm',
    'Azure refuses this change, so the deployment fails here; to replace the resource instead, set replaceOnChanges',
    '~ osProfile.customData: "x" → "y" (refused)',
  ]);
  expect(changes([machine('a', '', held)], [machine('b', '', held)])).toContain(
    'imported: the deployment stops here until the option import is removed',
  );
  expect(changes([machine('a', '', free)], [machine('a', '')])).toEqual([
    'options of azure-native:compute:VirtualMachine vm',
    '- options.protect: true',
  ]);
});

test('the summary counts blocked resources and names what is not known', () => {
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
      'Resources: 7 resources: ~ 2 to update, ± 4 to replace, 1 unchanged (1 update depends on values that are not known offline)',
      'The deployment stops at 1 resource, see above.',
      'Not known offline: whether secrets of these resources change: secret',
      'Not known offline: which changes replace resources of these types: other:index:Thing',
      'Not known offline: names that the provider generates for azure-native:authorization:RoleAssignment',
    ]),
  );
});
