// The real program and policy pack runners with the fixture project.
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { UNKNOWN } from './engine/wire.ts';
import { POLICIES, PROJECT, scratchPack, scratchProject, stackFile } from './fixtures/scratch.ts';
import { formatPlan, type PlanEntry } from './plan.ts';
import { type Preview, type PreviewOptions, preview } from './preview.ts';

const CANARY = 'fixture-canary-5f1c9a';

const run = (root: string, options: Partial<PreviewOptions> = {}) =>
  preview({ stack: 'dev', root, policyPack: POLICIES, ...options });
const planOnly = { policyPack: false } as const;
const breach = (how: string) => scratchProject({ 'Pulumi.dev.yaml': stackFile({ breach: how }) });

/** A program of a few lines in place of the fixture's. */
const program = (lines: string) =>
  scratchProject({ 'program.ts': `import * as pulumi from '@pulumi/pulumi';\n${lines}` });

function named(plan: PlanEntry[], name: string): PlanEntry {
  return plan.find((entry) => entry.name === name)!;
}

let fixture: Preview;
beforeAll(async () => {
  fixture = await run(PROJECT);
});

describe('the plan of the fixture', () => {
  test('holds every resource with its place in the tree', () => {
    const { plan, diff } = fixture;
    expect(plan.map(({ urn }) => urn.replace('urn:pulumi:dev::preview-fixture::', ''))).toEqual([
      'azure-native:resources:ResourceGroup::group',
      'preview-fixture:index:KeyVault$azure-native:keyvault:Secret::vault-canary',
      'preview-fixture:index:KeyVault$azure-native:keyvault:Secret::vault-generated',
      'preview-fixture:index:KeyVault$azure-native:keyvault:Secret::vault-token',
      'preview-fixture:index:KeyVault$azure-native:keyvault:Vault::vault-vault',
      'preview-fixture:index:KeyVault$random:index/randomPassword:RandomPassword::vault-password',
      'preview-fixture:index:KeyVault::vault',
      'preview-fixture:index:Network$azure-native:network:NetworkSecurityGroup::net-nsg',
      'preview-fixture:index:Network::net',
      'pulumi:pulumi:Stack::preview-fixture-dev',
    ]);
    expect(named(plan, 'net-nsg')).toMatchObject({ custom: true, parent: named(plan, 'net').urn });
    expect(named(plan, 'net')).toMatchObject({ custom: false, parent: named(plan, 'preview-fixture-dev').urn });
    expect(diff.map(({ operation }) => operation)).toEqual(plan.map(() => 'create'));
  });

  test('has exactly the fields that others rely on', () => {
    const { plan } = fixture;
    const fields = ['urn', 'type', 'name', 'parent', 'custom', 'inputs', 'options', 'dependencies'];
    for (const entry of plan) expect(Object.keys(entry)).toEqual(fields);
  });

  test('tells known, unknown and secret values apart', () => {
    const { plan } = fixture;
    expect(named(plan, 'group').inputs).toEqual({
      location: 'westeurope',
      resourceGroupName: 'rg-fixture-dev',
      tags: { greeting: 'hello' },
    });
    expect(named(plan, 'vault-generated').inputs).toEqual({
      properties: { contentType: UNKNOWN, value: '[secret]' },
      resourceGroupName: UNKNOWN,
      secretName: 'generated',
      vaultName: UNKNOWN,
    });
    expect(named(plan, 'vault-token').inputs.properties).toMatchObject({ value: '[secret]' });
  });

  test('has options and dependencies, without the aliases of the SDK', () => {
    const { plan } = fixture;
    expect(named(plan, 'group').options).toEqual({ protect: true });
    expect(named(plan, 'net-nsg').options).toMatchObject({ aliases: [{ name: 'former-nsg' }] });
    const secret = named(plan, 'vault-generated');
    const [group, vault, password] = ['group', 'vault-vault', 'vault-password'].map((name) => named(plan, name).urn);
    expect(secret.options.ignoreChanges).toEqual(['properties.contentType']);
    expect(secret.dependencies).toEqual([group, vault, password]);
    expect(secret.options.propertyDependencies?.properties).toEqual([vault, password]);
  });
});

test('the same program gives the same bytes wherever it lies', async () => {
  const { plan } = await run(scratchProject(), planOnly);
  expect(formatPlan(plan)).toBe(formatPlan(fixture.plan));
});

test('a program gets what can be known offline: paths relative to it, the rest unknown', async () => {
  const root = program(`
    import { Vault } from '@pulumi/azure-native/keyvault/vault.js';
    import { ResourceGroup } from '@pulumi/azure-native/resources/resourceGroup.js';
    class Holder extends pulumi.ComponentResource {
      constructor(name: string, inputs: pulumi.Inputs) { super('t:index:Holder', name, inputs); }
    }
    new Holder('site', { folder: import.meta.dirname + '/dist', other: '/etc' });
    const answer = pulumi.runtime.invokeOutput('azure-native:network:getThing', {});
    new Holder('holder', { found: answer.apply((a) => a.id) });
    const properties = { tenantId: 't', sku: { family: 'A' as const, name: 'standard' as const } };
    const vault = new Vault('vault', { resourceGroupName: 'rg', location: 'westeurope', properties });
    const uri = vault.properties.apply(({ vaultUri }) => vaultUri ?? 'none');
    new ResourceGroup('group', { tags: { uri, tenant: vault.properties.tenantId, region: vault.location } });
  `);
  const { plan, unanswered } = await run(root, planOnly);
  expect(named(plan, 'site').inputs).toEqual({ folder: 'dist', other: '/etc' });
  // A lookup that needs an account is named.
  expect(named(plan, 'holder').inputs).toEqual({ found: UNKNOWN });
  expect(unanswered).toEqual(['azure-native:network:getThing']);
  // Only Azure knows the vault's address.
  expect(named(plan, 'group').inputs.tags).toEqual({ uri: UNKNOWN, tenant: 't', region: 'westeurope' });
});

test('policies judge every resource and then the stack', () => {
  const { policies } = fixture;
  expect(policies).toMatchObject({ pack: 'fixture-policies', version: '1.2.3', policies: 6, output: '' });
  expect(policies?.violations).toEqual([
    {
      policy: 'group-is-tagged',
      pack: 'fixture-policies',
      level: 'advisory',
      urn: 'urn:pulumi:dev::preview-fixture::azure-native:resources:ResourceGroup::group',
      description: 'A resource group names its owner.',
      message: 'tag owner is missing',
      fix: '',
    },
  ]);
});

test('a stack policy sees parents, a policy sees secrets and its output is scrubbed, one that touches an unknown is told so', async () => {
  const { violations } = (await run(breach('stack echo unknown'))).policies!;
  const foundBy = (name: string) => violations.find(({ policy }) => policy === name)!;
  expect(foundBy('stack-has-a-vault').urn).toBe(
    'urn:pulumi:dev::preview-fixture::preview-fixture:index:KeyVault::vault',
  );
  const { message } = foundBy('sees-what-the-engine-sends');
  expect(JSON.parse(message)).toMatchObject({ ignore: ['properties.contentType'], value: '[secret]' });
  // As by the engine: no violation of its level, but not silence.
  expect(foundBy('reads-an-unknown')).toMatchObject({
    level: 'advisory',
    message: expect.stringContaining('.resourceGroupName'),
  });
});

describe('a policy configuration', () => {
  const configured = (config: unknown) => {
    const root = scratchProject({
      'Pulumi.dev.yaml': stackFile({ breach: 'stack' }),
      'policies.json': typeof config === 'string' ? config : JSON.stringify(config),
    });
    return run(root, { policyPackConfig: join(root, 'policies.json') });
  };

  test.each([
    [{ 'stack-has-a-vault': { enforcementLevel: 'disabled', own: [1] } }, 5, ['advisory group-is-tagged']],
    [{ all: 'disabled', 'stack-has-a-vault': 'mandatory' }, 1, ['mandatory stack-has-a-vault']],
    [
      { 'stack-has-a-vault': 'advisory', 'of-another-pack': 'disabled' },
      6,
      ['advisory group-is-tagged', 'advisory stack-has-a-vault'],
    ],
  ])('%j sets levels', async (config, count, violations) => {
    const { policies } = await configured(config);
    expect(policies?.policies).toBe(count);
    expect(policies?.violations.map(({ level, policy }) => `${level} ${policy}`)).toEqual(violations);
  });

  test('a policy set to remediate changes the plan and is then evaluated', async () => {
    const { plan, policies } = await configured({ 'group-is-tagged': 'remediate' });
    const group = plan.find(({ type }) => type === 'azure-native:resources:ResourceGroup')!;
    expect(group.inputs.tags).toMatchObject({ owner: 'nobody' });
    expect(policies!.remedies).toEqual([{ policy: 'group-is-tagged', urn: group.urn }]);
    expect(policies!.output).toContain(`changed by group-is-tagged: ResourceGroup ${group.name}`);
    expect(policies!.violations.map(({ policy }) => policy)).toEqual(['stack-has-a-vault']);
  });

  test.each([
    ['no json', /policies\.json cannot be read/],
    [[], /is not an object with a key per policy/],
    [{ 'group-is-tagged': { tags: 'owner' } }, /group-is-tagged: tags: expected array, received string\./],
    [
      { 'stack-has-a-vault': 'off' },
      /the level of stack-has-a-vault must be one of advisory, mandatory, remediate, disabled/,
    ],
  ])('%j is refused', async (config, message) => {
    await expect(configured(config)).rejects.toMatchObject({
      name: 'Refusal',
      message: expect.stringMatching(message),
    });
  });
});

test.each([
  ['crash', /policy pack in .* failed: Error validating resource with policy 'crashes'.*the rule is broken/s],
  ['exit', /policy pack in .* failed/],
])('a pack that breaks (%s) is an error', async (how, message) => {
  const failure = await run(breach(how)).catch((error) => error);
  expect(failure).toMatchObject({ name: 'PackFailure', message: expect.stringMatching(message) });
  expect(failure.message).not.toMatch(/\n\s+at /);
});

test('a pack that cannot start is an error', async () => {
  const policyPack = scratchPack({ 'index.js': "throw new Error('no rules today');" });
  const message = expect.stringMatching(/exited with code \d+ before it had started[\s\S]*no rules today/);
  await expect(run(PROJECT, { policyPack })).rejects.toMatchObject({ name: 'PackFailure', message });
});

test('a folder without a pack is refused', async () => {
  const refused = run(PROJECT, { policyPack: import.meta.dirname });
  await expect(refused).rejects.toMatchObject({ name: 'Refusal', message: expect.stringContaining('--no-policies') });
});

test('a program that throws is reported by its message', async () => {
  const root = program(`throw new Error('adminCidrs is missing: set it in Pulumi.dev.yaml');`);
  await expect(run(root, planOnly)).rejects.toMatchObject({
    name: 'ProgramFailure',
    message: 'adminCidrs is missing: set it in Pulumi.dev.yaml',
  });
  await expect(run(root, { ...planOnly, debug: true })).rejects.toThrow(/\n\s+at .*program\.ts/);
});

test('so is one that asks for configuration that is not there', async () => {
  const root = program(`new pulumi.Config().require('nowhere');`);
  await expect(run(root, planOnly)).rejects.toThrow(
    /Missing required configuration variable 'preview-fixture:nowhere'/,
  );
});

test('two resources with one name are refused as by the engine', async () => {
  const root = program(`for (const _ of [1, 2]) new pulumi.ComponentResource('t:index:Twin', 'twin');`);
  await expect(run(root, planOnly)).rejects.toThrow(/Duplicate resource URN '.*t:index:Twin::twin'/);
});

test('nothing that leaves the preview contains secrets', async () => {
  const root = program(`
    console.log('printed ${CANARY}');
    pulumi.log.info('logged ${CANARY}');
    class Holder extends pulumi.ComponentResource {
      constructor() {
        super('t:index:Holder', 'holder', {
          marked: pulumi.secret('${CANARY}'),
          inside: { deep: [pulumi.secret({ list: ['${CANARY}'] })] },
          joined: pulumi.interpolate\`user:\${pulumi.secret('${CANARY}')}\`,
          leaked: 'plain: ${CANARY}',
        });
      }
    }
    new Holder();`);
  const result = await run(root);
  expect(named(result.plan, 'holder').inputs).toEqual({
    marked: '[secret]',
    inside: { deep: ['[secret]'] },
    joined: '[secret]',
    leaked: 'plain: [secret]',
  });
  expect(result.programOutput).toBe('printed [secret]');
  expect(result.log).toEqual([{ severity: 'info', message: 'logged [secret]' }]);
  expect(JSON.stringify(result)).not.toContain(CANARY);
});

test('nor in the error of a program', async () => {
  const root = program(`
    class Holder extends pulumi.ComponentResource {
      constructor() { super('t:index:Holder', 'holder', { marked: pulumi.secret('${CANARY}') }); }
    }
    await new Holder().urn.apply(() => { throw new Error('cannot use ${CANARY}'); });`);
  const failure = await run(root, { ...planOnly, debug: true }).catch((error) => error);
  expect(failure.message).toContain('cannot use [secret]');
  expect(failure.message).not.toContain(CANARY);
});
