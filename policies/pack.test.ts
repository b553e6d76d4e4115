// The pack as Pulumi runs it: the SDK's own runner in a process of its own, asked over gRPC.
import { readFileSync } from 'node:fs';
import messages from '@pulumi/pulumi/proto/analyzer_pb.js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { AzureOutputs } from '../preview/engine/preview-outputs.ts';
import { secret, type WireObject } from '../preview/engine/wire.ts';
import { UNKNOWN } from './known.ts';
import { ADMIN, rule } from './network/corpus/case.ts';
import { CORPUS } from './network/corpus.ts';
import { RULES } from './pack.ts';
import { PACK_FOLDER, PackClient, type Submitted, submitted } from './testing/pack-client.ts';
import { UNKNOWN_TEXT, urnOf } from './testing/plan.ts';
import { changed } from './testing/specimen.ts';
import { SPECIMENS } from './testing/specimens.ts';

const { ADVISORY, DISABLED, MANDATORY, REMEDIATE } = messages.EnforcementLevel;
/** Every top-level property that some rule reads. */
const FIELDS = [
  ...new Set(RULES.flatMap(({ properties }) => Object.keys(properties).map((key) => key.split(/[.[]/)[1]!))),
  'subnets',
  'networkProfile',
  'tags',
  'location',
  'sku',
  'scope',
].filter((field) => field !== 'options' && field !== '*');
const GROUP = 'azure-native:network:NetworkSecurityGroup';
const CONTRACT = 'network-ingress-contract';

const azure = new AzureOutputs(ROOT);
/** With the outputs that azure-native tells in a preview. */
function previewed(resource: Submitted): Submitted {
  return { ...resource, outputs: azure.preview(resource.type, resource.props as WireObject) };
}
const group = (securityRules: unknown, type = GROUP): Submitted =>
  previewed({ type, name: 'nsg', props: { securityRules } });
const open = [rule({ name: 'open' })];
const safe = [
  rule({ name: 'ssh', sourceAddressPrefix: ADMIN }),
  rule({ name: 'mqtts', priority: 110, destinationPortRange: '8883' }),
];

describe('with a policy configuration', () => {
  let pack: PackClient;
  beforeAll(async () => {
    pack = await PackClient.start();
    await pack.configure({ [CONTRACT]: { adminCidrs: [ADMIN] } });
  });
  afterAll(() => pack.stop());

  test('serves every rule, at its level, under the version of its package.json', async () => {
    const info = await pack.info();
    expect(info.getPoliciesList().map((policy) => policy.getName())).toEqual(RULES.map(({ name }) => name));
    expect(info.getPoliciesList().map((policy) => policy.getEnforcementlevel())).toEqual(
      RULES.map(({ enforcement }) => (enforcement === 'mandatory' ? MANDATORY : ADVISORY)),
    );
    expect(info.getVersion()).toBe(JSON.parse(readFileSync(`${PACK_FOLDER}/package.json`, 'utf8')).version);
  });

  test('a safe group passes and an open one is refused with a packet, a rule and a fix', async () => {
    expect(await pack.analyzeStack([group(safe)])).toEqual([]);
    const [violation, ...more] = await pack.analyzeStack([group(open)]);
    expect(more).toEqual([]);
    expect(violation).toMatchObject({ policy: CONTRACT, isMandatory: true, urn: urnOf(GROUP, 'nsg') });
    expect(violation!.message).toMatch(
      /from 198\.51\.100\.7 to 22\/tcp is allowed by rule "open" \(priority 100\)[\s\S]*Fix: /,
    );
  });

  test('the whole corpus gets the same verdicts over the wire', async () => {
    for (const { name, inline = [], standalone = [], subnet, violation } of CORPUS) {
      const links = { networkSecurityGroupName: [urnOf(GROUP, 'nsg')] };
      const stack: Submitted[] = [
        group(inline.map((fields) => withoutUndefined(rule(fields)))),
        ...standalone.map((fields, index) =>
          previewed({
            type: 'azure-native:network:SecurityRule',
            name: `rule-${index}`,
            props: withoutUndefined(rule(fields)),
            links,
          }),
        ),
        ...(subnet === undefined
          ? []
          : [
              previewed({
                type: 'azure-native:network:Subnet',
                name: 'subnet',
                props: { addressPrefix: subnet, networkSecurityGroup: { id: UNKNOWN_TEXT } },
                links: { networkSecurityGroup: [urnOf(GROUP, 'nsg')] },
              }),
            ]),
      ];
      const found = (await pack.analyzeStack(stack)).filter(({ policy }) => policy === CONTRACT);
      expect(
        found.map(({ isMandatory }) => isMandatory),
        name,
      ).toEqual(found.map(() => true));
      expect(found.length > 0, name).toBe(violation !== undefined);
    }
  });

  test('a group that the engine did not analyse is judged by its outputs and does not pass if they are missing', async () => {
    const verdict = async (outputs: Record<string, unknown>, more: Partial<Submitted> = { isUnanalysed: true }) => {
      const found = await pack.analyzeStack([{ ...group(safe), ...more, outputs }]);
      return found.map(({ policy, isMandatory }) => `${policy} ${isMandatory}`);
    };
    const refused = [`${CONTRACT} true`];
    expect(await verdict({ securityRules: safe })).toEqual([]);
    expect(await verdict({ securityRules: open })).toEqual(refused);
    expect(await verdict({ securityRules: UNKNOWN_TEXT })).toEqual(refused);
    const gaps = azure.preview(GROUP, { securityRules: safe } as unknown as WireObject);
    expect(new Set(await verdict(gaps))).toEqual(new Set(refused));
    // A known value that exists only in Azure counts.
    expect(await verdict({ securityRules: open }, { props: {} })).toEqual(refused);
    expect(await verdict({ securityRules: UNKNOWN_TEXT }, { props: {} })).toEqual([]);
    // Inputs of one run are not used in the next.
    expect(await verdict({ securityRules: open })).toEqual(refused);
  });

  test('with no rule about single resources, the finding says why so little is known', async () => {
    const off = RULES.filter((each) => !('checkStack' in each)).map(({ name }) => [name, {}] as const);
    await pack.configure(Object.fromEntries(off), DISABLED);
    const [found] = await pack.analyzeStack([group(safe)]);
    expect(found!.message).toContain('leave one on, such as network-rules-readable');
    await pack.configure({ [CONTRACT]: { adminCidrs: [ADMIN] } });
  });

  test('an unknown value stays a mandatory violation, for a resource and for the stack', async () => {
    const unknown = [rule({ sourceAddressPrefix: UNKNOWN_TEXT })];
    const alone = await pack.analyze(group(unknown));
    expect(alone.map(({ policy, isMandatory }) => [policy, isMandatory])).toEqual([['network-rules-readable', true]]);
    const all = await pack.analyzeStack([group(unknown)]);
    expect(all.map(({ policy, isMandatory }) => [policy, isMandatory])).toEqual([[CONTRACT, true]]);
    const list = await pack.analyzeStack([group(UNKNOWN_TEXT)]);
    expect(list.map(({ policy, isMandatory }) => [policy, isMandatory])).toEqual([[CONTRACT, true]]);
  });

  test('no rule is downgraded by an unknown value, and each treats it as documented', async () => {
    for (const { rule: each, plan, config = {}, ...specimen } of SPECIMENS) {
      const level = each.enforcement === 'mandatory' ? MANDATORY : ADVISORY;
      await pack.configure({ [each.name]: config }, level);
      for (const [property, { unknown }] of Object.entries(each.properties)) {
        const resources = changed({ rule: each, plan, config, ...specimen }, property, UNKNOWN).map(submitted);
        const all =
          'checkStack' in each
            ? await pack.analyzeStack(resources)
            : (await Promise.all(resources.map((one) => pack.analyze(one)))).flat();
        const found = all.filter(({ policy }) => policy === each.name);
        expect(found.length > 0 ? 'violation' : 'accepted', `${each.name} ${property}`).toBe(unknown);
        expect(all.map(({ message }) => message).join(), `${each.name} ${property}`).not.toContain("can't run policy");
        for (const { isMandatory } of found) expect(isMandatory, each.name).toBe(level === MANDATORY);
      }
    }
    await pack.configure({ [CONTRACT]: { adminCidrs: [ADMIN] } });
  });

  test('a resource of which nothing is known is refused and downgrades no mandatory rule', async () => {
    const props = Object.fromEntries(FIELDS.map((field) => [field, UNKNOWN_TEXT]));
    const advice = new Set(RULES.filter(({ enforcement }) => enforcement === 'advisory').map(({ name }) => name));
    const types = [...new Set(SPECIMENS.flatMap(({ plan }) => plan.map(({ type }) => type)))];
    for (const type of types) {
      const found = await pack.analyze({ type, name: 'it', props });
      expect(
        found.filter(({ isMandatory, policy }) => !isMandatory && !advice.has(policy)),
        type,
      ).toEqual([]);
    }
    const stack = types.map((type) => ({ type, name: 'it', props }));
    const found = await pack.analyzeStack(stack);
    expect(found.filter(({ isMandatory, policy }) => !isMandatory && !advice.has(policy))).toEqual([]);
    expect(found.length).toBeGreaterThan(5);
  });

  test('a remedy corrects what it may, keeps secrets secret, and leaves unknown values alone', async () => {
    const app = 'azure-native:web/v20240401:WebApp';
    const names = ['function-app-https-only', 'function-app-strong-tls', 'function-app-managed-identity'];
    await pack.configure(Object.fromEntries(names.map((name) => [name, {}])), REMEDIATE);
    const siteConfig = {
      minTlsVersion: '1.0',
      scmMinTlsVersion: '1.3',
      alwaysOn: UNKNOWN_TEXT,
      note: secret('Tr0ub4dor'),
    };
    const remediated = await pack.remediate({
      type: app,
      name: 'app',
      props: { serverFarmId: UNKNOWN_TEXT, siteConfig },
    });
    expect(remediated.map(({ policy }) => policy)).toEqual(names.slice(0, 2));
    expect(remediated[1]!.props).toEqual({
      serverFarmId: UNKNOWN_TEXT,
      httpsOnly: true,
      siteConfig: { ...siteConfig, minTlsVersion: '1.2' },
    });
    const unknown = await pack.remediate({
      type: app,
      name: 'app',
      props: { httpsOnly: UNKNOWN_TEXT, siteConfig: UNKNOWN_TEXT },
    });
    expect(unknown).toEqual([]);
    const left = await pack.analyze({
      type: app,
      name: 'app',
      props: { httpsOnly: UNKNOWN_TEXT, siteConfig: UNKNOWN_TEXT },
    });
    const still = left.filter(({ policy }) => names.includes(policy));
    expect(new Set(still.map(({ policy }) => policy))).toEqual(new Set(names));
    expect(still.every(({ isMandatory }) => isMandatory)).toBe(true);
    await pack.configure({ [CONTRACT]: { adminCidrs: [ADMIN] } });
  });

  test.each([
    'azure-native:network/v20250101:NetworkSecurityGroup',
    'azure-native:network/v20230401preview:NetworkSecurityGroup',
    'azure-native_network_v20250101:network:NetworkSecurityGroup',
    'azure-nextgen:network:NetworkSecurityGroup',
  ])('%s does not slip past', async (type) => {
    expect((await pack.analyzeStack([group(open, type)])).map(({ policy }) => policy)).toEqual([CONTRACT]);
    expect((await pack.analyze(group(UNKNOWN_TEXT, type))).map(({ policy }) => policy)).toEqual([
      'network-rules-readable',
    ]);
  });

  test('secrets are judged in plain text and never shown', async () => {
    const adminPassword = secret('Tr0ub4dor-and-3');
    const customData = secret(Buffer.from('password: Tr0ub4dor-and-3').toString('base64'));
    const machine = {
      type: 'azure-native:compute:VirtualMachine',
      name: 'vm',
      props: { osProfile: { adminPassword, customData } },
    };
    const found = await pack.analyze(machine);
    expect(new Set(found.map(({ policy }) => policy))).toEqual(
      new Set(
        RULES.filter(({ id }) => ['VM-01', 'VM-02', 'VM-03', 'VM-04', 'VM-05', 'GOV-02'].includes(id)).map(
          ({ name }) => name,
        ),
      ),
    );
    const outputs = {
      type: 'pulumi:pulumi:Stack',
      name: 'mqtt-saas-dev',
      props: { url: secret('postgres://ingest:Tr0ub4dor@db.example.com/x') },
    };
    const published = await pack.analyzeStack([outputs]);
    expect(published.map(({ policy }) => policy)).toEqual(['stack-no-secret-output']);
    expect(JSON.stringify([found, published])).not.toContain('Tr0ub4dor');
  });
});

describe('without a policy configuration', () => {
  const startWith = async (config: Record<string, string>) => {
    const pack = await PackClient.start(config);
    onTestFinished(() => pack.stop());
    return pack;
  };

  test('administrators and enabled ports come from the stack’s configuration', async () => {
    const both = [
      rule({ name: 'wss', destinationPortRange: '9001' }),
      rule({ name: 'https', priority: 110, destinationPortRange: '443' }),
    ];
    const admins = { 'mqtt-saas:adminCidrs': JSON.stringify([ADMIN]) };
    const pack = await startWith({ ...admins, 'mqtt-saas:webSocket': 'true', 'mqtt-saas:https': 'false' });
    expect(await pack.analyzeStack([group(safe)])).toEqual([]);
    expect((await pack.analyzeStack([group(open)])).map(({ policy }) => policy)).toEqual([CONTRACT]);
    expect((await pack.analyzeStack([group(both)])).map(({ message }) => message)).toEqual([
      expect.stringContaining('rule "https"'),
    ]);
  });

  test.each([
    ['not JSON', { 'mqtt-saas:adminCidrs': '203.0.113.10/32' }],
    ['everyone', { 'mqtt-saas:adminCidrs': '["0.0.0.0/0"]' }],
  ])('administrators that are %s are a violation', async (_, config) => {
    const pack = await startWith(config);
    const found = await pack.analyzeStack([group(safe)]);
    expect(found).toContainEqual(
      expect.objectContaining({
        policy: CONTRACT,
        isMandatory: true,
        message: expect.stringContaining('Fix: set mqtt-saas:adminCidrs'),
      }),
    );
  });
});

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
