// For tests: random groups of rules, near the bounds where a verdict may change.
import fc from 'fast-check';
import type { OracleRule } from './oracle.ts';

/** The one administrator. */
export const ADMIN = '203.0.113.10/32';
/** The subnet behind the group. */
export const MACHINE = '10.10.1.0/24';

const octet = fc.integer({ min: 0, max: 255 });
const v4Prefix = fc
  .tuple(octet, octet, octet, octet, fc.integer({ min: 0, max: 32 }))
  .map(([a, b, c, d, length]) => `${a}.${b}.${c}.${d}/${length}`);
const nearAdmin = fc.tuple(octet, fc.integer({ min: 24, max: 32 })).map(([d, length]) => `203.0.113.${d}/${length}`);
const port = fc.oneof(
  fc.constantFrom(0, 21, 22, 23, 1883, 8882, 8883, 8884, 65535),
  fc.integer({ min: 0, max: 65535 }),
);
const portRange = fc.oneof(
  fc.constantFrom('*', '22', '8883', '0-65535', '0-8882', '8884-65535'),
  fc.tuple(port, port).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
);
const source = fc.oneof(
  fc.constantFrom('*', 'Internet', 'VirtualNetwork', 'AzureCloud'),
  fc.constantFrom(ADMIN, '0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '10.0.0.0/7'),
  fc.constantFrom('::/0', '::/1', '8000::/1', '2000::/3', 'fd00::/8', '2001:db8::/32'),
  v4Prefix,
  nearAdmin,
);
const few = <T>(one: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 3, arbitrary: one.map((each) => [each]) },
    { weight: 1, arbitrary: fc.array(one, { minLength: 2, maxLength: 3 }) },
  );
/** A rule, and where it is written. */
export interface WrittenRule extends OracleRule {
  isStandalone: boolean;
}
const writtenRule = fc.record({
  isStandalone: fc.boolean(),
  access: fc.constantFrom<'Allow' | 'Deny'>('Allow', 'Deny'),
  protocol: fc.constantFrom('*', '*', 'Tcp', 'TCP', 'Udp', 'icmp', 'Esp', 'Ah'),
  sources: few(source),
  sourcePort: fc.constantFrom('*', '*', '*', '0-1023', '1024-65535'),
  destination: fc.constantFrom(
    '*',
    '*',
    'VirtualNetwork',
    MACHINE,
    '10.10.1.0/25',
    '10.10.1.128/25',
    '10.99.0.0/24',
    '::/0',
  ),
  destinationPorts: few(portRange),
});
/** A rule that closes all ports to its source. Most groups have one, and it decides many packets. */
const closing = writtenRule.map((rule) => {
  const all = { protocol: '*', sourcePort: '*', destination: '*', destinationPorts: ['*'] };
  return { ...rule, ...all, access: 'Deny' as const };
});
const anyRule = fc.oneof({ weight: 4, arbitrary: writtenRule }, { weight: 1, arbitrary: closing });
/** One to five rules of distinct priorities. */
export const group = fc
  .tuple(
    fc.array(anyRule, { minLength: 1, maxLength: 5 }),
    fc.shuffledSubarray([100, 110, 200, 300, 4096], { minLength: 5 }),
  )
  .map(([rules, priorities]): WrittenRule[] => rules.map((rule, index) => ({ ...rule, priority: priorities[index]! })));
