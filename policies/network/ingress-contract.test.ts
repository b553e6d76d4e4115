import { describe, expect, test } from 'vitest';
import type { Resource } from '../resource.ts';
import type { Finding } from '../rule.ts';
import { resource, UNKNOWN_TEXT, urnOf } from '../testing/plan.ts';
import { SECURITY_GROUP, SECURITY_RULE, SUBNET } from '../types.ts';
import { ADMIN, type Case, rule } from './corpus/case.ts';
import { CORPUS } from './corpus.ts';
import { ingressContract } from './ingress-contract.ts';

const GROUP = urnOf(SECURITY_GROUP, 'nsg');
const LINK = { networkSecurityGroupName: [GROUP] };

/** The case as a stack in a first preview, when the names and ids that Azure gives are not known. */
function stackOf({ inline, standalone = [], subnet }: Case): Resource[] {
  return [
    resource(SECURITY_GROUP, 'nsg', { securityRules: inline?.map(rule) }),
    ...standalone.map((fields, index) => {
      const { name, ...props } = rule(fields);
      const all = { ...props, securityRuleName: name, networkSecurityGroupName: UNKNOWN_TEXT };
      return resource(SECURITY_RULE, `standalone-${index}`, all, LINK);
    }),
    ...(subnet === undefined
      ? []
      : [
          resource(
            SUBNET,
            'subnet',
            { addressPrefix: subnet, networkSecurityGroup: { id: UNKNOWN_TEXT } },
            { networkSecurityGroup: [GROUP] },
          ),
        ]),
  ];
}

function judge(stack: Resource[], config: Record<string, unknown> = { adminCidrs: [ADMIN] }): Finding[] {
  return ingressContract.checkStack(stack, config);
}

describe('the corpus', () => {
  test('is wide enough and its names are unique', () => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(80);
    expect(new Set(CORPUS.map(({ name }) => name)).size).toBe(CORPUS.length);
  });

  test.each(CORPUS)('$name', (given) => {
    const messages = judge(stackOf(given)).map(({ message }) => message);
    if (given.violation === undefined) expect(messages).toEqual([]);
    else expect(messages).toContainEqual(expect.stringMatching(given.violation));
  });
});

describe('who and which ports are allowed', () => {
  const safe = stackOf({ name: '', inline: [{ sourceAddressPrefix: ADMIN }] });

  test.each([
    ['missing', {}],
    ['empty', { adminCidrs: [] }],
    ['a text', { adminCidrs: ADMIN }],
    ['wider than one host', { adminCidrs: ['203.0.113.0/24'] }],
    ['everyone', { adminCidrs: ['0.0.0.0/0'] }],
    ['the unspecified address', { adminCidrs: ['0.0.0.0/32'] }],
    ['private', { adminCidrs: ['10.0.0.5/32'] }],
    ['without a prefix length', { adminCidrs: ['203.0.113.10'] }],
    ['no address', { adminCidrs: [ADMIN, 42] }],
    ['IPv6 wider than one host', { adminCidrs: ['2001:db8::/64'] }],
  ])('administrator addresses that are %s are refused', (_, config) => {
    const findings = judge(safe, config);
    expect(findings).toHaveLength(1);
    expect(findings[0]!.fix).toContain('mqtt-saas:adminCidrs');
  });

  test('a stack without security groups needs no configuration', () => {
    expect(judge([], {})).toEqual([]);
  });

  test('an IPv6 administrator may use SSH', () => {
    const stack = stackOf({ name: '', inline: [{ sourceAddressPrefix: '2001:db8::7/128' }] });
    expect(judge(stack, { adminCidrs: ['2001:db8::7/128'] })).toEqual([]);
    expect(judge(stack)).toHaveLength(1);
  });

  test('extra public ports are open only when the configuration lists them', () => {
    const stack = stackOf({ name: '', inline: [{ destinationPortRange: '9001' }] });
    expect(judge(stack, { adminCidrs: [ADMIN], extraPublicPorts: [9001] })).toEqual([]);
    expect(judge(stack, { adminCidrs: [ADMIN], extraPublicPorts: [443] })).toHaveLength(1);
  });

  test.each([[[22]], [[1883]], [[0]], [['9001']], [9001]])('extra public ports %j are refused', (extraPublicPorts) => {
    expect(judge(safe, { adminCidrs: [ADMIN], extraPublicPorts })[0]!.message).toContain('extraPublicPorts');
  });
});

describe('which rules belong together', () => {
  const deny = rule({ name: 'deny', access: 'Deny', protocol: '*', destinationPortRange: '*' });
  const ssh = rule({ name: 'late', priority: 200 });
  const groups = (...names: (string | undefined)[]) =>
    names.map((name, index) =>
      resource(SECURITY_GROUP, `nsg${index}`, { networkSecurityGroupName: name, securityRules: [ssh] }),
    );
  const standalone = (props: object, links = {}) => resource(SECURITY_RULE, 'standalone', { ...deny, ...props }, links);

  test('a standalone Deny closes the group it names, in any letter case', () => {
    const stack = [...groups('a', 'b'), standalone({ networkSecurityGroupName: 'A' })];
    expect(judge(stack).map(({ urn }) => urn)).toEqual([urnOf(SECURITY_GROUP, 'nsg1')]);
  });

  test('a standalone Deny closes the only group there is', () => {
    expect(judge([...groups(undefined), standalone({ networkSecurityGroupName: UNKNOWN_TEXT })])).toEqual([]);
  });

  test('a Deny that may belong to either of two groups closes none', () => {
    expect(
      judge([...groups(undefined, undefined), standalone({ networkSecurityGroupName: UNKNOWN_TEXT })]),
    ).toHaveLength(2);
  });

  test('an Allow that may belong to either of two groups opens both', () => {
    const closed = ['a', 'b'].map((name) => resource(SECURITY_GROUP, name, {}));
    const open = resource(SECURITY_RULE, 'open', { ...ssh, networkSecurityGroupName: UNKNOWN_TEXT });
    expect(judge([...closed, open])).toHaveLength(2);
  });

  test('a child of a group belongs to it', () => {
    const child = { ...standalone({ networkSecurityGroupName: UNKNOWN_TEXT }), parent: urnOf(SECURITY_GROUP, 'nsg0') };
    expect(judge([...groups(undefined, undefined), child]).map(({ urn }) => urn)).toEqual([
      urnOf(SECURITY_GROUP, 'nsg1'),
    ]);
  });

  test('rules of a group outside the stack are judged together', () => {
    const outside = (name: string, fields: object) =>
      resource(SECURITY_RULE, name, { ...fields, networkSecurityGroupName: 'elsewhere' });
    const open = outside('open', ssh);
    expect(judge([open])[0]!.message).toContain('a group outside this stack');
    expect(judge([open, outside('deny', deny)])).toEqual([]);
  });

  test('a list of rules that is not known yet is a violation', () => {
    expect(judge([resource(SECURITY_GROUP, 'nsg', { securityRules: UNKNOWN_TEXT })])[0]!.message).toContain(
      'not known during preview',
    );
  });
});

test('a thousand rules are judged to the last packet', () => {
  const rules = Array.from({ length: 999 }, (_, index) =>
    rule({
      name: `r${index}`,
      priority: 100 + index,
      access: 'Deny',
      protocol: '*',
      sourceAddressPrefix: `${(index % 32) * 8}.0.0.0/5`,
      destinationPortRange: `${Math.floor(index / 32) * 2048}-${Math.floor(index / 32) * 2048 + 2047}`,
    }),
  );
  // 31 full rows of 32 tiles cover the ports to 63487; of the last row, the tiles 7 to 31 are missing.
  const allow = (port: string) =>
    rule({ name: 'last', priority: 4000, sourceAddressPrefix: '0.0.0.0/0', destinationPortRange: port });
  const judged = (port: string) => judge([resource(SECURITY_GROUP, 'nsg', { securityRules: [...rules, allow(port)] })]);
  expect(judged('0-63487')).toEqual([]);
  expect(judged('0-63488')[0]!.message).toContain('to 63488/tcp is allowed by rule "last"');
});
