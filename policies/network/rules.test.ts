// The smaller network rules: what each reports and what it leaves to other rules.
import { describe, expect, test } from 'vitest';
import { messagesOf, resource, UNKNOWN_TEXT, urnOf } from '../testing/plan.ts';
import { SECURITY_GROUP, SECURITY_RULE } from '../types.ts';
import { adminAddress } from './admin-address.ts';
import { ADMIN, rule } from './corpus/case.ts';
import { mergedRules } from './merged-rules.ts';
import { noIpv6Any } from './no-ipv6-any.ts';
import { readableRules } from './readable-rules.ts';

describe('network-rules-in-one-order', () => {
  const judge = (inline: object[], standalone: object[]) => {
    const group = resource(SECURITY_GROUP, 'nsg', { securityRules: inline });
    const links = { networkSecurityGroupName: [urnOf(SECURITY_GROUP, 'nsg')] };
    const rules = standalone.map((props, index) => resource(SECURITY_RULE, `rule-${index}`, { ...props }, links));
    return mergedRules.checkStack([group, ...rules], {}).map(({ message }) => message);
  };

  test('different names and priorities are fine', () => {
    expect(judge([rule({})], [rule({ name: 'other', priority: 101 })])).toEqual([]);
    expect(judge([rule({})], [rule({ name: 'out', direction: 'Outbound' })])).toEqual([]);
  });
  test('the same priority in one direction is not', () => {
    expect(judge([rule({})], [rule({ name: 'other' })]).join()).toContain('both Inbound with priority 100');
    expect(
      judge([rule({ direction: 'Outbound' }), rule({ name: 'other', direction: 'outbound' })], []).join(),
    ).toContain('both Outbound');
  });
  test('the same name for two rules is not', () => {
    expect(judge([rule({})], [rule({ name: 'RULE', priority: 300 })]).join()).toContain('defined twice');
  });
});

describe('network-rules-readable', () => {
  const group = (...securityRules: unknown[]) => messagesOf(readableRules, { securityRules });

  test('known fields are fine, inbound and outbound', () => {
    expect(group(rule({}), rule({ direction: 'Outbound', sourceAddressPrefix: UNKNOWN_TEXT }))).toEqual([]);
    expect(messagesOf(readableRules, rule({}), SECURITY_RULE)).toEqual([]);
    expect(messagesOf(readableRules, {})).toEqual([]);
  });
  test.each([
    ['priority', UNKNOWN_TEXT],
    ['priority', 5000],
    ['access', 'Permit'],
    ['access', undefined],
    ['direction', 'Sideways'],
    ['protocol', 'Sctp'],
    ['sourceAddressPrefix', UNKNOWN_TEXT],
    ['sourceAddressPrefix', 'Nowhere'],
    ['sourceAddressPrefix', 'Storage.West.Europe'],
    ['sourceAddressPrefixes', [ADMIN, 'Nowhere']],
    ['destinationAddressPrefix', '10.0.0'],
    ['sourcePortRange', 'high'],
    ['destinationPortRanges', ['22', UNKNOWN_TEXT]],
    ['destinationPortRange', true],
  ])('%s = %j is not', (field, value) => {
    expect(group(rule({ [field]: value }))).toHaveLength(1);
    expect(messagesOf(readableRules, rule({ [field]: value }), SECURITY_RULE)).toHaveLength(1);
  });
  test('a rule or a list that is not known is not', () => {
    expect(group(UNKNOWN_TEXT)).toHaveLength(1);
    expect(messagesOf(readableRules, { securityRules: UNKNOWN_TEXT })).toHaveLength(1);
  });
  test('a misplaced text in a field is not shown', () => {
    expect(group(rule({ sourceAddressPrefix: 'Tr0ub4dor', destinationPortRange: 'Tr0ub4dor' })).join()).not.toContain(
      'Tr0ub4dor',
    );
  });
});

describe('admin-address-is-one-host', () => {
  const judge = (adminCidrs: unknown) => adminAddress.checkStack([], { adminCidrs }).map(({ message }) => message);

  test('single public hosts are fine', () => {
    expect(judge([ADMIN, '2001:db8::7/128'])).toEqual([]);
    expect(judge(undefined)).toEqual([]);
  });
  test.each([
    ['203.0.113.0/24'],
    ['0.0.0.0/32'],
    ['0.0.0.0/0'],
    ['10.0.0.5/32'],
    ['2001:db8::/64'],
    ['203.0.113.10'],
    [''],
  ])('%s is not', (cidr) => {
    const messages = judge([ADMIN, cidr]);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain('Entry 2');
  });
});

describe('network-no-ipv6-any', () => {
  const judge = (fields: object) => messagesOf(noIpv6Any, { securityRules: [rule({ ...fields })] });

  test.each([
    [{}],
    [{ sourceAddressPrefix: 'Internet' }],
    [{ sourceAddressPrefix: '2001:db8::7/128' }],
    [{ sourceAddressPrefix: '::/0', access: 'Deny' }],
    [{ sourceAddressPrefix: '::/0', direction: 'Outbound' }],
    [{ sourceAddressPrefix: UNKNOWN_TEXT }],
  ])('%j is left alone', (fields) => {
    expect(judge(fields)).toEqual([]);
  });
  test.each([
    [{ sourceAddressPrefix: '::/0' }],
    [{ sourceAddressPrefix: '0:0::0/0', destinationPortRange: '8883' }],
    [{ sourceAddressPrefix: '2000::/3' }],
    [{ sourceAddressPrefixes: ['10.0.0.0/8', '::/1', '8000::/1'] }],
  ])('%j is found', (fields) => {
    expect(judge(fields)).toHaveLength(1);
    expect(messagesOf(noIpv6Any, rule(fields), SECURITY_RULE)).toHaveLength(1);
  });
});
