// What is given to the policy pack: exceptions in its own file and in --policy-pack-config, levels, remedies. Engine and offline
// preview find the same.
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { preview } from '../../preview/preview.ts';
import type { Finding } from './events.ts';
import { EngineStack, type RunOptions } from './stack.ts';

let stack: EngineStack;
afterEach(() => stack.close());

const VM = 'urn:pulumi:dev::mqtt-saas::mqtt-saas:index:BrokerMachine$azure-native:compute:VirtualMachine::broker-vm';
const EXCEPTION = { urn: VM, reason: 'The feature is being registered.', expires: '2099-12-31' };
const noEncryption = (file: string) => `${file}  mqtt-saas:encryptionAtHost: false\n`;

const rows = (findings: Pick<Finding, 'policy' | 'urn' | 'level'>[]) =>
  findings.map(({ policy, urn, level }) => `${level} ${policy} ${urn}`).sort();

/** Engine and offline preview; they must agree. */
async function found(options: RunOptions = {}) {
  const said = await stack.preview({ ...options, pack: true });
  const file = options.packConfig && stack.packConfigFile;
  const offline = await preview({
    stack: 'dev',
    root: stack.dir,
    policyPack: join(stack.dir, 'policies'),
    ...(file && { policyPackConfig: file }),
  });
  expect(rows(offline.policies!.violations)).toEqual(rows(said.findings));
  return said;
}

describe('an exception', () => {
  it('is missed', async () => {
    stack = await EngineStack.open({ change: noEncryption });
    const { status, findings } = await found();
    expect(status).not.toBe(0);
    expect(findings.map(({ policy, urn }) => [policy, urn])).toEqual([['vm-encrypted-disks', VM]]);
  });

  it('is in the pack’s own file', async () => {
    stack = await EngineStack.open({ change: noEncryption });
    stack.change(
      'policies/exceptions.json',
      /^\[/,
      `[${JSON.stringify({ policy: 'vm-encrypted-disks', ...EXCEPTION })},`,
    );
    const { status, findings, output } = await found();
    expect(findings).toEqual([]);
    expect(status, output).toBe(0);
  });

  it('is in --policy-pack-config, for one run', async () => {
    stack = await EngineStack.open({ change: noEncryption });
    const packConfig = { 'vm-encrypted-disks': { enforcementLevel: 'mandatory', exceptions: [EXCEPTION] } };
    const { status, findings, output } = await found({ packConfig });
    expect(findings).toEqual([]);
    expect(status, output).toBe(0);
  });
});

describe('a remedy', () => {
  it('mends the plan, and what is mended passes', async () => {
    stack = await EngineStack.open();
    stack.change('components/function-app.ts', 'httpsOnly: true', 'httpsOnly: false');
    const refused = await found();
    expect(refused.findings.map(({ policy }) => policy)).toEqual(['function-app-https-only']);
    const mended = await stack.preview({
      pack: true,
      packConfig: { 'function-app-https-only': { enforcementLevel: 'remediate' } },
    });
    expect(mended.status, mended.output).toBe(0);
    expect(mended.findings).toEqual([]);
    expect(mended.remedies.map(({ policy }) => policy)).toEqual(['function-app-https-only']);
    const app = mended.steps.find(({ type }) => type === 'azure-native:web:WebApp');
    expect(app?.new?.inputs.httpsOnly).toBe(true);
  });
});

it('a configuration that no policy takes is refused before anything is planned', async () => {
  stack = await EngineStack.open();
  const packConfig = { 'governance-required-tags': { enforcementLevel: 'mandatory', requiredTags: 'owner' } };
  const said = await stack.preview({ pack: true, packConfig });
  expect(said.status).not.toBe(0);
  expect(said.output).toMatch(/requiredTags/);
});
