// The policy pack under the genuine engine: its verdict on what is unsafe and on the safe twin is the offline preview's, and
// exceptions, remedies and a wrong configuration do there what they do here.
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { AzureOutputs } from '../../preview/engine/preview-outputs.ts';
import { preview } from '../../preview/preview.ts';
import type { Said } from './events.ts';
import { ADMIN, type Made } from './policies-corpus/made.ts';
import { PAIRS, programOf } from './policies-corpus/program.ts';
import { EngineStack } from './stack.ts';
import { azureNative } from './standins/azure-native.ts';
import type { Surroundings } from './standins/model.ts';

/** `policy resource level`, without what only one of the two can say. */
type Verdict = string[];
interface Judged {
  stack: EngineStack;
  engine: Said;
  verdict: Verdict;
  offline: Verdict;
}

const lineOf = ({ policy, urn, level }: { policy: string; urn: string; level: string }) =>
  `${policy} ${urn.split('::').at(-1)} ${level}`;

/** @param policyPackConfig a file. Default: none. */
const offlinePreview = (stack: EngineStack, policyPackConfig?: string) =>
  preview({
    stack: 'prod',
    root: stack.dir,
    policyPack: join(ROOT, 'policies'),
    ...(policyPackConfig && { policyPackConfig }),
  });

async function judge(which: 'safe' | 'unsafe'): Promise<Judged> {
  const program = programOf(PAIRS.flatMap((pair): Made[] => pair[which]));
  const stack = await EngineStack.open({ stack: 'prod', program });
  const engine = await stack.preview({ pack: true });
  const { policies } = await offlinePreview(stack);
  return {
    stack,
    engine,
    verdict: engine.findings.map(lineOf).sort(),
    offline: policies!.violations.map(lineOf).sort(),
  };
}

const judged: Partial<Record<'safe' | 'unsafe', Judged>> = {};
beforeAll(async () => {
  judged.safe = await judge('safe');
  judged.unsafe = await judge('unsafe');
});
afterAll(() => {
  for (const { stack } of Object.values(judged)) stack.close();
});

describe('unsafe is refused, its safe twin passes', () => {
  test.each(PAIRS)('$name', ({ policy, subject }) => {
    const line = `${policy} ${subject} mandatory`;
    expect(judged.unsafe!.verdict).toContain(line);
    expect(judged.safe!.verdict).not.toContain(line);
  });

  test('the preview of what is unsafe fails, that of the safe twins does not, and there are enough of them', () => {
    expect(judged.unsafe!.engine.status).not.toBe(0);
    expect(judged.safe!.engine.status, judged.safe!.engine.output).toBe(0);
    expect(judged.safe!.verdict.filter((line) => line.endsWith('mandatory'))).toEqual([]);
    expect(PAIRS.length).toBeGreaterThanOrEqual(20);
  });

  test('the offline preview says the same', () => {
    expect(judged.safe!.verdict).toEqual(judged.safe!.offline);
    expect(judged.unsafe!.verdict).toEqual(judged.unsafe!.offline);
  });
});

test('the offline engine tells of each resource what the provider tells', () => {
  const offline = new AzureOutputs(ROOT);
  const provider = azureNative({ cloud: judged.safe!.stack.cloud, config: {} } as Surroundings);
  const steps = [judged.safe!, judged.unsafe!].flatMap(({ engine }) => engine.steps);
  const ours = steps.filter(({ type }) => type.startsWith('azure-native:'));
  expect(ours.length).toBeGreaterThan(40);
  for (const { urn, type, new: now } of ours)
    expect(offline.preview(type, now!.inputs), urn).toEqual(provider.previewed!(type, now!.inputs));
});

describe('on what is unsafe', () => {
  const urnOf = (type: string, name: string) => `urn:pulumi:prod::corpus::azure-native:${type}::${name}`;
  const exception = {
    urn: urnOf('keyvault:Vault', 'open'),
    reason: 'The corpus shows an exception.',
    expires: '9999-12-31',
  };
  const [open, contract] = ['vault-closed-network open mandatory', 'network-ingress-contract a-dated-type mandatory'];
  const group = { ...exception, urn: urnOf('network/v20250101:NetworkSecurityGroup', 'a-dated-type') };
  const http = urnOf('storage:StorageAccount', 'http');

  test('an exception of the policy configuration excuses what it names, of a critical rule too, and a remedy works', async () => {
    const { stack, verdict } = judged.unsafe!;
    const packConfig = {
      'vault-closed-network': { exceptions: [exception] },
      'network-ingress-contract': { exceptions: [group] },
      'storage-https-only': 'remediate',
      'network-openings-judged': { enforcementLevel: 'mandatory', accepted: ['azapi:*'] },
    };
    const engine = await stack.preview({ pack: true, packConfig });
    const gone = [open, contract, 'storage-https-only http mandatory'];
    expect(engine.findings.map(lineOf).sort()).toEqual(verdict.filter((line) => !gone.includes(line)));
    expect(engine.remedies).toEqual([{ policy: 'storage-https-only', urn: http }]);
    expect(engine.steps.find(({ urn }) => urn === http)!.new!.inputs.enableHttpsTrafficOnly).toBe(true);
    expect(engine.output).toContain(
      'exception until 9999-12-31: vault-closed-network on Vault open, excuses 1 finding',
    );
    expect(engine.output).toContain('network-openings-judged accepts azapi:*, and nothing in this stack has that type');

    const offline = await offlinePreview(stack, stack.packConfigFile);
    expect(offline.policies!.violations.map(lineOf).sort()).toEqual(engine.findings.map(lineOf).sort());
    expect(offline.policies!.remedies).toEqual(engine.remedies);
    expect(offline.policies!.output).toContain('network-openings-judged accepts azapi:*');
    expect(offline.plan.find(({ urn }) => urn === http)!.inputs.enableHttpsTrafficOnly).toBe(true);
  });

  test.each<[string, Record<string, unknown>, RegExp, string]>([
    ['network-ingress-contract', { adminCidrs: ADMIN }, /adminCidrs: Invalid type\. Expected: array/, 'expected array'],
    [
      'network-openings-judged',
      { accepted: ['azure-native:*'] },
      /accepted\.0: Does not match pattern/,
      'accepted.0: ',
    ],
  ])('a configuration that %s does not take is refused', async (policy, config, message, offline) => {
    const { stack } = judged.safe!;
    const engine = await stack.preview({ pack: true, packConfig: { [policy]: config } });
    expect(engine.status).not.toBe(0);
    expect(engine.output).toMatch(message);
    await expect(offlinePreview(stack, stack.packConfigFile)).rejects.toMatchObject({
      name: 'Refusal',
      message: expect.stringMatching(new RegExp(`${policy}: .*${offline}`)),
    });
  });

  test('an exception of the pack’s own file excuses the same, but none from a critical rule', async () => {
    const { stack, verdict } = judged.unsafe!;
    const own = join(stack.dir, 'policies');
    cpSync(join(ROOT, 'policies'), own, { recursive: true });
    const exceptions = [
      { policy: 'vault-closed-network', ...exception },
      { policy: 'network-ingress-contract', ...group },
    ];
    writeFileSync(join(own, 'exceptions.json'), JSON.stringify(exceptions));
    const engine = await stack.preview({ pack: true });
    const refused = engine.findings.filter(({ policy }) => policy === 'policy-exceptions-in-order');
    expect(refused.map(({ level }) => level)).toEqual(['mandatory']);
    const rest = engine.findings.filter((finding) => !refused.includes(finding)).map(lineOf);
    expect(rest.sort()).toEqual(verdict.filter((line) => line !== open));
  });
});

describe('with the safe twins deployed', () => {
  test('a rule that opens a port is refused before it is written, by name and unnamed in a targeted update', async () => {
    const { stack } = judged.safe!;
    const up = await stack.up({ pack: true });
    expect(up.status, up.output).toBe(0);
    expect(up.findings.filter(({ level }) => level === 'mandatory')).toEqual([]);
    // What the target leaves out is not analysed: its outputs, which the deployment knows, are judged and pass.
    const target = ['--target', 'urn:pulumi:prod::corpus::azure-native:resources:ResourceGroup::ownerless'];
    const targeted = await stack.preview({ pack: true, args: target });
    expect(targeted.findings.map(lineOf).filter((line) => line.endsWith('mandatory'))).toEqual([]);
    stack.change('resources.json', '"destinationPortRange":"8883"', '"destinationPortRange":"22"');
    const opened = await stack.preview({ pack: true });
    expect(opened.findings.map(lineOf)).toContain('network-ingress-contract a-port-range-with-22-in-it mandatory');
    expect(opened.status).not.toBe(0);
  });
});
