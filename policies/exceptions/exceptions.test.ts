// Exceptions: what they excuse, which are refused, and that each is reported.
import { describe, expect, test } from 'vitest';
import { httpsOnly } from '../functions/https-only.ts';
import { ADMIN, rule } from '../network/corpus/case.ts';
import { ingressContract } from '../network/ingress-contract.ts';
import { RULES } from '../pack.ts';
import { resource } from '../testing/plan.ts';
import { judge, remediate } from '../testing/specimen.ts';
import { SECURITY_GROUP, VAULT, WEB_APP } from '../types.ts';
import { closedVaultNetwork } from '../vault/closed-network.ts';
import { Exceptions } from './exceptions.ts';
import { exceptionsInOrder } from './exceptions-in-order.ts';
import { parseExceptions } from './parse.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const vault = resource(VAULT, 'vault', {});
const entry = {
  policy: 'vault-closed-network',
  urn: vault.urn,
  reason: 'Closing the network needs a NAT gateway.',
  expires: '2027-06-30',
};
const parse = (...entries: unknown[]) => parseExceptions(JSON.stringify(entries), RULES, NOW);

describe('an exception in force', () => {
  test('excuses that resource from that policy and nothing else', () => {
    const exceptions = parse(entry);
    expect(exceptions.problems).toEqual([]);
    expect(judge(closedVaultNetwork, [vault], {}, exceptions)).toEqual([]);
    expect(judge(closedVaultNetwork, [resource(VAULT, 'other', {})], {}, exceptions)).toHaveLength(1);
    expect(exceptions.excuse('vault-soft-delete', vault.urn)).toBe(false);
  });

  test('is listed in the report with how often it was needed, its date and its reason', () => {
    const lines: string[] = [];
    const exceptions = parse(entry);
    const rule = exceptionsInOrder(exceptions, (line) => lines.push(line));
    judge(rule, [vault]);
    judge(closedVaultNetwork, [vault], {}, exceptions);
    expect(judge(rule, [vault])).toEqual([]);
    expect(lines).toEqual([
      `exception until 2027-06-30: vault-closed-network on Vault vault, excuses nothing here: ${entry.reason}`,
      `exception until 2027-06-30: vault-closed-network on Vault vault, excuses 1 finding: ${entry.reason}`,
    ]);
    lines.length = 0;
    judge(rule, [resource(VAULT, 'other', {})]);
    expect(lines).toEqual([]);
  });

  test('may match every stack of the project and, for an advisory policy, several resources', () => {
    const anyStack = vault.urn.replace(':dev:', ':*:');
    const ofProd = (urn: string) => urn.replace(':dev:', ':prod:');
    expect(parse({ ...entry, urn: anyStack }).excuse(entry.policy, ofProd(vault.urn))).toBe(true);
    const secrets = vault.urn.replace('keyvault:Vault::vault', 'keyvault:Secret::vault-*');
    const advice = parse({ ...entry, policy: 'vault-dated-secrets', urn: secrets });
    expect(advice.excuse('vault-dated-secrets', secrets.replace('*', 'password'))).toBe(true);
    expect(advice.excuse('vault-dated-secrets', secrets.replace('vault-*', 'other'))).toBe(false);
    expect(advice.excuse('vault-dated-secrets', secrets.replace('mqtt-saas', 'another'))).toBe(false);
  });

  test('keeps a remedy from being applied', () => {
    const app = resource(WEB_APP, 'app', { httpsOnly: false });
    const excepted = parse({ ...entry, policy: 'function-app-https-only', urn: app.urn });
    expect(remediate(httpsOnly, [app], excepted)).toEqual([app]);
    expect(remediate(httpsOnly, [app])[0]!.props).toEqual({ httpsOnly: true });
  });

  test('is in force on its last day', () => {
    expect(parse({ ...entry, expires: '2026-11-21' }).problems).toEqual([]);
  });
});

describe('an exception of the policy configuration', () => {
  const { policy: _, ...given } = { ...entry, expires: '9999-12-31' };
  const group = resource(SECURITY_GROUP, 'nsg', {
    securityRules: [{ ...rule({ name: 'open' }) }],
  });
  const config = { adminCidrs: [ADMIN] };
  const granted = (...list: unknown[]) => ({ ...config, exceptions: list });

  test('excuses a resource from the rule that it configures, a critical one too, and is listed', () => {
    expect(judge(ingressContract, [group], config)).toHaveLength(1);
    const exceptions = new Exceptions();
    expect(judge(ingressContract, [group], granted({ ...given, urn: group.urn }), exceptions)).toEqual([]);
    const lines: string[] = [];
    judge(
      exceptionsInOrder(exceptions, (line) => lines.push(line)),
      [group],
      {},
      exceptions,
    );
    expect(lines).toEqual([
      `exception until 9999-12-31: network-ingress-contract on NetworkSecurityGroup nsg, excuses 1 finding: ${entry.reason}`,
    ]);
    expect(
      judge(ingressContract, [{ ...group, urn: `${group.urn}2` }], granted({ ...given, urn: group.urn })),
    ).toHaveLength(1);
  });

  test('keeps a remedy from being applied', () => {
    const app = resource(WEB_APP, 'app', { httpsOnly: false });
    expect(remediate(httpsOnly, [app], new Exceptions(), { exceptions: [{ ...given, urn: app.urn }] })).toEqual([app]);
  });

  test.each<[string, unknown, string]>([
    ['has expired', [{ ...given, expires: '2026-01-01' }], 'expired on 2026-01-01'],
    ['has no reason', [{ ...given, reason: '' }], 'has no reason'],
    ['names the policy again', [{ ...given, policy: 'x' }], 'unknown field policy'],
    ['is for all resources', [{ ...given, urn: group.urn.replace(/nsg$/, '*') }], 'does not name a single resource'],
    ['is not a list', 'all', 'is not a list'],
  ])('that %s excuses nothing, and is reported', (_, exceptions, problem) => {
    const all = new Exceptions();
    expect(judge(ingressContract, [group], { ...config, exceptions }, all)).toHaveLength(1);
    const [message] = judge(
      exceptionsInOrder(all, () => {}),
      [group],
      {},
      all,
    );
    expect(message).toContain('network-ingress-contract in the policy configuration');
    expect(message).toContain(problem);
  });

  test('does not excuse an exception that is not in order', () => {
    const rule = exceptionsInOrder(new Exceptions([], ['Exception 1 has expired.']), () => {});
    const stack = resource('pulumi:pulumi:Stack', 'mqtt-saas-dev', {});
    expect(judge(rule, [stack], { exceptions: [{ ...given, urn: stack.urn }] })).toHaveLength(1);
  });
});

describe('refused is an exception', () => {
  test.each<[string, object, string]>([
    ['without a reason', { reason: undefined }, 'has no reason'],
    ['with an empty reason', { reason: '  ' }, 'has no reason'],
    ['without a date', { expires: undefined }, 'has no expires'],
    ['that has expired', { expires: '2026-11-20' }, 'expired on 2026-11-20'],
    ['with a date that does not exist', { expires: '2027-02-30' }, 'not a date'],
    ['with a time instead of a date', { expires: '2027-06-30T00:00:00Z' }, 'not a date'],
    ['for an unknown policy', { policy: 'vault-open' }, 'does not name a policy'],
    ['for the ingress contract', { policy: 'network-ingress-contract' }, 'critical policy'],
    ['for a secret in boot data', { policy: 'vm-no-secret-in-boot-data' }, 'critical policy'],
    ['for no resource', { urn: 'vault' }, 'an invalid urn'],
    ['for every project', { urn: vault.urn.replace('::mqtt-saas::', '::*::') }, 'neither replaces the stack'],
    ['for every type', { urn: vault.urn.replace('azure-native:keyvault:Vault', '*') }, 'neither replaces the stack'],
    ['for some stacks', { urn: vault.urn.replace(':dev:', ':d*:') }, 'neither replaces the stack'],
    [
      'for all vaults, where the policy is mandatory',
      { urn: vault.urn.replace(/vault$/, '*') },
      'does not name a single resource',
    ],
    ['with an unknown field', { owner: 'me' }, 'unknown field owner'],
  ])('%s', (_, change, problem) => {
    const exceptions = parse({ ...entry, ...change });
    expect(exceptions.inForce).toEqual([]);
    const [message] = judge(
      exceptionsInOrder(exceptions, () => {}),
      [vault],
    );
    expect(message).toContain('Exception 1 of exceptions.json');
    expect(message).toContain(problem);
    expect(judge(closedVaultNetwork, [vault], {}, exceptions)).toHaveLength(1);
  });

  test.each(['', '{}', 'null', '["text"]', '[null]', '[[]]'])('written as %j', (text) => {
    const exceptions = parseExceptions(text, RULES, NOW);
    expect(exceptions.inForce).toEqual([]);
    expect(exceptions.problems).toHaveLength(1);
  });
});
