// A case of the corpus, and helpers to write its rules.

/** Fields of a security rule that differ from `allow ssh from anywhere, priority 100`. */
export type RuleFields = Record<string, unknown>;

export interface Case {
  name: string;
  /** Rules inside the group. */
  inline?: RuleFields[];
  /** Standalone rules of the group. */
  standalone?: RuleFields[];
  /** Range of the subnet behind the group. Default: no subnet is in the stack. */
  subnet?: string;
  /** What a message of the contract must contain; undefined when the group satisfies the contract. */
  violation?: RegExp;
}

/** The only administrator address in the corpus. */
export const ADMIN = '203.0.113.10/32';

/** A whole rule: SSH from anywhere unless the fields say otherwise. */
export function rule(fields: RuleFields): RuleFields {
  return {
    name: 'rule',
    priority: 100,
    direction: 'Inbound',
    access: 'Allow',
    protocol: 'Tcp',
    sourceAddressPrefix: '*',
    sourcePortRange: '*',
    destinationAddressPrefix: '*',
    destinationPortRange: '22',
    ...fields,
  };
}

export const SSH = /to 22\/tcp is allowed/;
export const MQTT = /to 1883\/tcp is allowed/;
export const IPV6 = /from 2001:db8::7 to 22\/tcp is allowed/;
export const UNJUDGED = /cannot be judged/;

export const from = (prefix: unknown) => ({ sourceAddressPrefix: prefix });
export const fromAll = (...prefixes: unknown[]) => ({
  sourceAddressPrefix: undefined,
  sourceAddressPrefixes: prefixes,
});
export const to = (port: unknown) => ({ destinationPortRange: port });
export const toAll = (...ports: unknown[]) => ({ destinationPortRange: undefined, destinationPortRanges: ports });
export const everything = { protocol: '*', ...to('*') };
export const denyAll = { name: 'deny', access: 'Deny', ...everything };
export const later = { name: 'late', priority: 200 };
