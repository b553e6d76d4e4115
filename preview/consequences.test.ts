// Effects of a replacement on other resources, as observed with Pulumi's own engine in tests/engine.
import { describe, expect, test } from 'vitest';
import { isUncertain } from './change.ts';
import { diffPlans } from './diff.ts';
import { UNKNOWN, type WireObject } from './engine/wire.ts';
import type { PlanEntry } from './plan.ts';

const urn = (name: string) => `urn:pulumi:dev::p::t::${name}`;

interface Given {
  inputs?: WireObject;
  options?: PlanEntry['options'];
  /** Property to the names it depends on. */
  needs?: Record<string, string[]>;
}

function entry(type: string, name: string, { inputs = {}, options = {}, needs = {} }: Given): PlanEntry {
  const propertyDependencies = Object.fromEntries(
    Object.entries(needs).map(([property, names]) => [property, names.map(urn)]),
  );
  return {
    urn: urn(name),
    type,
    name,
    parent: '',
    custom: true,
    inputs,
    options: { ...options, propertyDependencies },
    dependencies: [],
  };
}

const vm = (given: Given = {}, vmName = 'vm') =>
  entry('azure-native:compute:VirtualMachine', 'vm', { ...given, inputs: { vmName, ...given.inputs } });
const password = (length: number) =>
  entry('random:index/randomPassword:RandomPassword', 'password', { inputs: { length } });
const runCommand = (given: Given = {}) =>
  entry('azure-native:compute:VirtualMachineRunCommandByVirtualMachine', 'run', {
    inputs: { vmName: UNKNOWN, runCommandName: 'run', ...given.inputs },
    needs: { vmName: ['vm'] },
    ...(given.options ? { options: given.options } : {}),
  });
const alert = entry('azure-native:monitor:MetricAlert', 'alert', {
  inputs: { ruleName: 'a', scopes: [UNKNOWN] },
  needs: { scopes: ['vm'] },
});
const secret = entry('azure-native:keyvault:Secret', 'secret', {
  inputs: { vaultName: 'v', secretName: 's', properties: { value: '[secret]' } },
  needs: { properties: ['password'] },
});

/** Operation by name; `?` when only the deployment shows it. */
function outcome(before: PlanEntry[], after: PlanEntry[]) {
  const diff = diffPlans(before, after, { stack: 'dev', project: 'p' });
  return Object.fromEntries(
    diff.map((change) => [change.entry.name, change.operation + (isUncertain(change) ? '?' : '')]),
  );
}
const find = (before: PlanEntry[], after: PlanEntry[], name: string) =>
  diffPlans(before, after, { stack: 'dev', project: 'p' }).find(({ entry }) => entry.name === name)!;

describe('a resource with a name goes before the new one is made', () => {
  const before = [vm({ inputs: { location: 'a' } }), runCommand(), alert];
  const moved = [vm({ inputs: { location: 'b' } }), runCommand(), alert];

  test('a dependent with an immutable property is replaced with it', () => {
    expect(outcome(before, moved)).toMatchObject({ vm: 'replace', run: 'replace' });
    expect(find(before, moved, 'run').changes).toMatchObject([{ path: ['vmName'], from: urn('vm'), certain: true }]);
  });

  test('a dependent that only uses a value of it may keep that value: the new resource has the same id', () => {
    expect(outcome(before, moved).alert).toBe('update?');
  });

  test('with another name it has another id', () => {
    expect(outcome(before, [vm({ inputs: { location: 'a' } }, 'other'), runCommand(), alert]).alert).toBe('update');
  });

  test('the same applies transitively', () => {
    const below = (type: string, name: string, property: string, on: string) =>
      entry(`azure-native:${type}`, name, { inputs: { [property]: UNKNOWN }, needs: { [property]: [on] } });
    const chain = [
      below('storage:BlobContainer', 'container', 'accountName', 'account'),
      below('storage:Blob', 'blob', 'containerName', 'container'),
      below('authorization:RoleAssignment', 'role', 'scope', 'blob'),
    ];
    const account = (accountName: string) =>
      entry('azure-native:storage:StorageAccount', 'account', { inputs: { accountName } });
    expect(outcome([account('a'), ...chain], [account('b'), ...chain])).toEqual({
      account: 'replace',
      container: 'replace',
      blob: 'replace',
      role: 'replace',
    });
  });

  test('a protected dependent that would be replaced stops the deployment, even if protect is removed in the same one', () => {
    const held = [before[0]!, runCommand({ options: { protect: true } }), alert];
    expect(find(held, moved, 'run')).toMatchObject({ operation: 'replace', blockedByProtect: true });
  });

  test('a property above the one that replaceOnChanges names does not count', () => {
    const holder = (pattern: string) =>
      entry('azure-native:monitor:MetricAlert', 'holder', {
        inputs: { criteria: { on: UNKNOWN } },
        needs: { criteria: ['vm'] },
        options: { replaceOnChanges: [pattern] },
      });
    const with_ = (pattern: string) => outcome([before[0]!, holder(pattern)], [moved[0]!, holder(pattern)]).holder;
    expect([with_('criteria.on'), with_('criteria')]).toEqual(['update?', 'replace']);
  });
});

describe('a resource that is made before the old one goes', () => {
  test('has new outputs: dependents change', () => {
    expect(outcome([password(8), secret], [password(9), secret])).toEqual({ password: 'replace', secret: 'update' });
  });

  test('or are replaced, where they cannot change', () => {
    const part = (type: string, name: string, property: string, on: string, more: WireObject = {}) =>
      entry(`tls:index/${type}`, name, { inputs: { [property]: '[secret]', ...more }, needs: { [property]: [on] } });
    const key = (ecdsaCurve: string) => entry('tls:index/privateKey:PrivateKey', 'key', { inputs: { ecdsaCurve } });
    const chain = [
      part('certRequest:CertRequest', 'request', 'privateKeyPem', 'key'),
      part('locallySignedCert:LocallySignedCert', 'certificate', 'certRequestPem', 'request'),
    ];
    expect(outcome([key('P256'), ...chain], [key('P384'), ...chain])).toEqual({
      key: 'replace',
      request: 'replace',
      certificate: 'replace',
    });
  });

  test('unless its outputs may be the same: a project of the same name in another account has the same address', () => {
    const project = (accountId: string) =>
      entry('cloudflare:index/pagesProject:PagesProject', 'project', { inputs: { accountId, name: 'p' } });
    const record = entry('cloudflare:index/dnsRecord:DnsRecord', 'record', {
      inputs: { zoneId: 'z', content: UNKNOWN },
      needs: { content: ['project'] },
    });
    expect(outcome([project('a'), record], [project('b'), record])).toEqual({ project: 'replace', record: 'update?' });
  });

  test('with deleteBeforeReplace: false, whatever the provider would do', () => {
    const options = { deleteBeforeReplace: false };
    const blob = (blobName: string) =>
      entry('azure-native:storage:Blob', 'vm', { inputs: { accountName: 'a', containerName: 'c', blobName }, options });
    expect(outcome([blob('a'), alert], [blob('b'), alert])).toEqual({ vm: 'replace', alert: 'update' });
  });

  test('so does one whose name the provider generates', () => {
    const role = (principalId: string) =>
      entry('azure-native:authorization:RoleAssignment', 'vm', { inputs: { scope: '/s', principalId } });
    expect(outcome([role('a'), alert], [role('b'), alert])).toEqual({ vm: 'replace', alert: 'update' });
  });
});

test('a value that now comes from a new resource changes', () => {
  expect(outcome([secret], [password(8), secret])).toEqual({ password: 'create', secret: 'update' });
});

test('a value that comes from another resource than before is uncertain', () => {
  const also = { ...secret, options: { propertyDependencies: { properties: [urn('key'), urn('password')] } } };
  const key = entry('tls:index/privateKey:PrivateKey', 'key', {});
  const rest = [key, password(8)];
  expect(outcome([...rest, secret], [...rest, also]).secret).toBe('update?');
  expect(outcome([...rest, also], [...rest, secret]).secret).toBe('update?');
});

test.each([
  ['deletedWith', { deletedWith: urn('vm') }],
  ['replaceWith', { replaceWith: [urn('vm')] }],
])('%s replaces with the other', (option, options) => {
  const upload = entry('command:local:Command', 'upload', { inputs: { create: 'x' }, options });
  const after = [vm({}, 'other'), upload];
  expect(outcome([vm(), upload], after)).toEqual({ vm: 'replace', upload: 'replace' });
  expect(find([vm(), upload], after, 'upload').replacedAlong).toEqual({ option, with: urn('vm') });
});

test('an update replaces no dependents: a new tag is not a new id', () => {
  const tagged = (cost: string) => vm({ inputs: { tags: { cost } } });
  const rest = [runCommand(), alert];
  expect(outcome([tagged('1'), ...rest], [tagged('2'), ...rest])).toEqual({ vm: 'update', run: 'same', alert: 'same' });
});

test('replacing a renamed resource replaces its dependents too', () => {
  const old = { ...vm(), urn: urn('old'), name: 'old' };
  const renamed = vm({ options: { aliases: [urn('old')] } }, 'other');
  const before = { ...runCommand(), options: { propertyDependencies: { vmName: [urn('old')] } } };
  expect(outcome([old, before], [renamed, runCommand()])).toEqual({ vm: 'replace', run: 'replace' });
});
