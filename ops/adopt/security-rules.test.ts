// The recorded security rules until the cut-over: what a packet can do stays, but SSH, which is the administrators' from phase 1 on.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../bootstrap/root.mjs';
import { securityRules } from '../../components/network-rules.ts';
import { ingressRules } from '../../domain/ingress.ts';
import { mergedRules } from '../../policies/network/merged-rules.ts';
import { parsePrefix, unionOf } from '../../policies/network/reachability/addresses.ts';
import { packets } from '../../policies/network/reachability/agreement.ts';
import { findExposures } from '../../policies/network/reachability/exposure.ts';
import { firstMatch, type OraclePacket, type OracleRule } from '../../policies/network/reachability/oracle.ts';
import { ADMIN, group } from '../../policies/network/reachability/random-groups.ts';
import { DEFAULT_RULES, parseRule } from '../../policies/network/reachability/rule.ts';
import { readableRules } from '../../policies/network/readable-rules.ts';
import { resource } from '../../policies/testing/plan.ts';
import { SECURITY_GROUP } from '../../policies/types.ts';
import type { Violation } from '../../preview/policy/violation.ts';
import { type Preview, preview } from '../../preview/preview.ts';
import { SSH_RULE_NAMES, untilCutOver } from '../../stacks/adoption/grace-rules.ts';
import { exceptionsOf } from './exceptions.ts';
import type { Json } from './json.ts';
import { graceRules } from './security-rules.ts';
import { recording, securityRule } from './testing/recordings.ts';
import { type Adopted, adoptSample } from './testing/sample.ts';

type Rule = Record<string, unknown>;
/** A rule of either direction, and its name. */
type Written = OracleRule & { name: string; direction: string };

const ADMINS = [ADMIN, '2001:db8::7/128'];
const OWN = securityRules(ingressRules({ adminCidrs: ADMINS, webSocket: true })) as unknown as Rule[];

/** Azure's own, for the oracle. */
const everything = { protocol: '*', sourcePort: '*', destination: '*', destinationPorts: ['*'] };
const DEFAULTS: OracleRule[] = [
  { ...everything, priority: 65000, access: 'Allow', sources: ['VirtualNetwork'], destination: 'VirtualNetwork' },
  { ...everything, priority: 65001, access: 'Allow', sources: ['168.63.129.16/32'] },
  { ...everything, priority: 65500, access: 'Deny', sources: ['*'] },
];

/** As az prints it. */
const printed = ({ sources, sourcePort, destination, destinationPorts, ...rule }: Written): Json => ({
  ...rule,
  ...(sources.length === 1 ? { sourceAddressPrefix: sources[0]! } : { sourceAddressPrefixes: sources }),
  sourcePortRange: sourcePort,
  destinationAddressPrefix: destination,
  destinationPortRange: destinationPorts.length === 1 ? destinationPorts[0]! : null,
  destinationPortRanges: destinationPorts.length === 1 ? [] : destinationPorts,
});
const list = (one: unknown, many: unknown) =>
  [...(one === undefined ? [] : [one]), ...((many as []) ?? [])].map(String);
const forOracle = (rule: Rule): OracleRule => ({
  ...(rule as unknown as OracleRule),
  sources: list(rule.sourceAddressPrefix, rule.sourceAddressPrefixes),
  sourcePort: String(rule.sourcePortRange),
  destination: String(rule.destinationAddressPrefix),
  destinationPorts: list(rule.destinationPortRange, rule.destinationPortRanges),
});
const ofDirection = (rules: Rule[], direction: string) =>
  rules.filter((rule) => rule.direction === direction).sort((a, b) => Number(a.priority) - Number(b.priority));
const inbound = (rules: Rule[]) => ofDirection(rules, 'Inbound').map(forOracle);
const during = (recorded: Json[]) => untilCutOver(OWN, graceRules({ securityRules: recorded }).rules);

const priority = fc.oneof(
  fc.integer({ min: 100, max: 114 }),
  fc.integer({ min: 4088, max: 4096 }),
  fc.integer({ min: 100, max: 4096 }),
);
const name = fc.constantFrom(
  ...SSH_RULE_NAMES,
  'Allow-SSH-Admin',
  'allow-ssh-admin-recorded',
  'allow-mqtts',
  'a',
  'b',
  'c',
);
/** Groups whose priorities and names are often the program's. */
const recordedGroup = fc
  .tuple(
    group,
    fc.uniqueArray(priority, { minLength: 5, maxLength: 5 }),
    fc.uniqueArray(name, { minLength: 5, maxLength: 5, selector: (each) => each.toLowerCase() }),
    fc.array(fc.constantFrom('Inbound', 'Inbound', 'Inbound', 'Outbound'), { minLength: 5, maxLength: 5 }),
  )
  .map(([rules, priorities, names, directions]) =>
    rules.map(
      (rule, i): Written => ({ ...rule, priority: priorities[i]!, name: names[i]!, direction: directions[i]! }),
    ),
  );

const isSsh = ({ protocol, destinationPort }: OraclePacket) => protocol === 'tcp' && destinationPort === 22;
const exposures = (rules: Rule[]) => {
  const readable = rules.flatMap((rule) => parseRule(rule as never, 'unnamed').inbound ?? []);
  return findExposures([[...readable, ...DEFAULT_RULES]], {
    admins: unionOf(ADMINS.map((each) => parsePrefix(each)!)),
    extraPublicPorts: [],
  });
};

it('a packet does what it did, whatever the rules are, but for SSH', () => {
  const seen = { same: 0, admin: 0, shut: 0 };
  fc.assert(
    fc.property(recordedGroup, (written) => {
      const recorded = written.map(printed);
      const now = during(recorded);
      const [before, after] = [inbound(recorded as Rule[]), inbound(now)];
      const decided = (rules: OracleRule[], packet: OraclePacket) =>
        firstMatch([...rules, ...DEFAULTS], packet)?.access;
      for (const packet of packets([...before, ...after])) {
        const is = decided(after, packet);
        if (!isSsh(packet)) {
          if (is !== decided(before, packet)) throw new Error(`${JSON.stringify(packet)} is ${is} now`);
          seen.same++;
        } else if (!packet.isV6) {
          const isAdmin = packet.source === 0xcb00710a;
          if (is !== (isAdmin ? 'Allow' : 'Deny')) throw new Error(`SSH: ${JSON.stringify(packet)} is ${is}`);
          seen[isAdmin ? 'admin' : 'shut']++;
        }
      }
      // The policy's evaluator: no SSH from outside, and nothing is open by a rule that did not open it before.
      const open = exposures(now);
      expect(open.filter(({ packet }) => packet.destinationPort === 22 && packet.protocol === 'tcp')).toEqual([]);
      const had = (each: unknown) => {
        const isOld = written.some((rule) => rule.name === each);
        return isOld ? String(each) : String(each).replace(/-recorded(-\d+)?$/, '');
      };
      const names = (found: typeof open) => found.map(({ rules }) => had(rules[0]!.name));
      expect(names(exposures(recorded as Rule[]))).toEqual(expect.arrayContaining(names(open)));
      // One order for all of them, and what is written can be read.
      const stack = [resource(SECURITY_GROUP, 'nsg', { securityRules: now as never })];
      expect(mergedRules.checkStack(stack, {})).toEqual([]);
      expect(readableRules.check(stack[0]!, {})).toEqual([]);
      for (const direction of ['Inbound', 'Outbound']) {
        const order = (rules: unknown) => ofDirection(rules as Rule[], direction).map((rule) => rule.name);
        const is = order(now)
          .filter((each) => !SSH_RULE_NAMES.includes(String(each)))
          .map(had);
        expect(is).toEqual(order(written).filter((each) => is.includes(String(each))));
        expect(is.length).toBeGreaterThanOrEqual(direction === 'Outbound' ? order(written).length : 0);
      }
    }),
    { numRuns: 300 },
  );
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
}, 120_000);

const named = (rules: Rule[], wanted: string) => rules.find((rule) => rule.name === wanted);
const grace = (...rules: Json[]) => graceRules({ securityRules: rules });
const rule = (name: string, priority: number, port: string, more: Record<string, Json> = {}) =>
  securityRule(name, priority, port, more) as Json;

describe('each kind of rule', () => {
  it('SSH alone is the program’s; everything else stays with all it has', () => {
    const asg = {
      id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationSecurityGroups/devices',
    };
    const { rules, changes } = grace(
      rule('allow-ssh', 1000, '22'),
      rule('deny-them', 200, '*', { access: 'Deny', protocol: '*', sourceAddressPrefix: '198.51.100.0/24' }),
      rule('no-mail', 100, '25', { access: 'Deny', direction: 'Outbound' }),
      rule('tagged', 300, '443', { sourceAddressPrefix: 'AzureCloud.EastAsia', description: 'from the functions' }),
      rule('grouped', 310, '1883', {
        sourceAddressPrefix: '',
        sourceApplicationSecurityGroups: [{ ...asg, resourceGroup: 'g' }],
        destinationApplicationSecurityGroups: [asg],
      }),
      rule('listed', 320, '1883', {
        sourceAddressPrefix: null,
        sourceAddressPrefixes: ['192.0.2.0/24', '2001:db8::/32'],
      }),
    );
    expect(rules.map(({ name, priority }) => [name, priority])).toEqual([
      ['deny-them', 200],
      ['no-mail', 100],
      ['tagged', 300],
      ['grouped', 310],
      ['listed', 320],
    ]);
    expect(changes).toEqual([{ rule: 'allow-ssh', outcome: 'taken away', why: expect.stringContaining('SSH') }]);
    expect(named(rules, 'tagged')).toMatchObject({
      sourceAddressPrefix: 'AzureCloud.EastAsia',
      description: 'from the functions',
    });
    expect(named(rules, 'grouped')).toMatchObject({
      sourceApplicationSecurityGroups: [asg],
      destinationApplicationSecurityGroups: [asg],
    });
    expect(named(rules, 'grouped')).not.toHaveProperty('sourceAddressPrefix');
    expect(named(rules, 'listed')).toMatchObject({ sourceAddressPrefixes: ['192.0.2.0/24', '2001:db8::/32'] });
  });

  it.each([
    ['Tcp', '20-25', ['20-21', '23-25']],
    ['TCP', '22-80', '23-80'],
    ['Tcp', '*', ['0-21', '23-65535']],
    ['Udp', '20-25', '20-25'],
    ['*', '20-25', '20-25'],
    ['*', '22', '22'],
    ['Icmp', '*', '*'],
    ['Esp', '*', '*'],
    ['Ah', '0-65535', '0-65535'],
  ])('%s %s stays open as %s', (protocol, port, expected) => {
    const { rules, changes } = grace(rule('several', 500, port, { protocol }));
    const field = Array.isArray(expected) ? 'destinationPortRanges' : 'destinationPortRange';
    expect(rules).toMatchObject([{ name: 'several', priority: 500, protocol, [field]: expected }]);
    expect(changes.length).toBe(protocol === '*' || String(expected) !== port ? 1 : 0);
  });

  it('a list of ports loses SSH and keeps the others; ping does not open SSH', () => {
    const ports = { destinationPortRange: null, destinationPortRanges: ['22', '80', '443'] };
    expect(grace(rule('some', 500, '', ports)).rules).toMatchObject([{ destinationPortRanges: ['80', '443'] }]);
    expect(grace(rule('ping', 500, '*', { protocol: 'Icmp' }))).toMatchObject({ changes: [] });
  });

  it('what has the program’s name or priority gets another, in its order, and it is said', () => {
    const { rules, changes } = grace(
      rule('Allow-SSH-Admin', 100, '80'),
      rule('second', 101, '81'),
      rule('third', 110, '82'),
      rule('fourth', 112, '83'),
      rule('out', 100, '25', { direction: 'Outbound', access: 'Deny' }),
    );
    expect(rules.map(({ name, priority }) => [name, priority])).toEqual([
      ['Allow-SSH-Admin-recorded', 110],
      ['second', 111],
      ['third', 112],
      ['fourth', 113],
      ['out', 100],
    ]);
    expect(changes.map(({ rule }) => rule)).toEqual([
      'Allow-SSH-Admin',
      'Allow-SSH-Admin',
      'second',
      'third',
      'fourth',
    ]);
  });

  it('where the priorities end, rules move down', () => {
    const many = Array.from({ length: 8 }, (_, i) => rule(`r${i}`, 4089 + i, String(1000 + i)));
    expect(grace(...many).changes).toEqual([]);
    const full = Array.from({ length: 900 }, (_, i) => rule(`r${i}`, i < 10 ? 100 + i : 3196 + i, String(1000 + i)));
    const priorities = grace(...full).rules.map((each) => Number(each.priority));
    expect(priorities.every((each, i) => each >= 110 && each <= 4096 && (i === 0 || each > priorities[i - 1]!))).toBe(
      true,
    );
    const dense = Array.from({ length: 997 }, (_, i) => rule(`r${i}`, 100 + i, String(1000 + i)));
    expect(grace(...dense).rules.at(-1)).toMatchObject({ priority: 1106 });
  });
});

it.each([
  ['two of one name', [rule('same', 200, '80'), rule('SAME', 300, '81')], 'have one name same'],
  ['two of one priority', [rule('a', 200, '80'), rule('b', 200, '81')], 'have one inbound priority 200'],
  ['two that are equal', [rule('a', 200, '80'), rule('a', 200, '80')], 'have one name a'],
  ['no priority', [rule('a', 99, '80')], 'the rule a has no priority from 100 to 4096'],
  ['too many', Array.from({ length: 998 }, (_, i) => rule(`r${i}`, 200 + i, '80')), '998 rules stay'],
])('refuses %s', (_, rules, message) => {
  expect(() => grace(...rules)).toThrow(message);
});

it('the same priority in both directions does not conflict', () => {
  expect(() => grace(rule('a', 200, '80'), rule('b', 200, '81', { direction: 'Outbound' }))).not.toThrow();
});

describe('in the stack', () => {
  let sample: Adopted;
  let phaseOne: Preview;
  beforeAll(async () => {
    sample = adoptSample(recording('security rules of every kind'));
    expect(sample.adopt('phase', '1').status).toBe(0);
    phaseOne = await preview({ stack: 'dev', root: sample.folder, policyPack: join(ROOT, 'policies') });
  }, 120_000);
  afterAll(() => sample.remove());

  const rulesOf = ({ plan }: Preview) =>
    (plan.find(({ name }) => name === 'network-nsg')?.inputs.securityRules ?? []) as Rule[];

  it('phase 1 has the program’s SSH, and below it what was recorded in its order', () => {
    const order = ofDirection(rulesOf(phaseOne), 'Inbound').map((rule) => `${rule.priority} ${rule.name}`);
    expect(order).toEqual([
      '100 allow-ssh-admin',
      '109 deny-other-ssh',
      '110 Allow-SSH-Admin-recorded',
      '111 allow-mqtts',
      '200 deny-them',
      '1010 allow-mqtt-plain',
      '1020 allow-mqtt-tls',
      '1030 allow-mqtt-ws',
      '1100 ping',
      '1110 some',
      '4096 all-of-it',
    ]);
    expect(ofDirection(rulesOf(phaseOne), 'Outbound').map((rule) => rule.name)).toEqual(['no-mail']);
    const found = phaseOne.policies?.violations ?? [];
    expect(found.filter(({ policy }) => /one-order|readable/.test(policy))).toEqual([]);
    expect(found.filter(({ message }) => message.includes(' to 22/tcp '))).toEqual([]);
  });

  it('the report says of each rule what becomes of it', () => {
    const flat = sample.report.replaceAll(/\n {3}/g, ' ');
    for (const text of [
      '1: security group loses allow-ssh: SSH is for adminCidrs only',
      'Allow-SSH-Admin ports 20-25 become 20-21, 23-25: SSH is for adminCidrs only',
      'Allow-SSH-Admin priority 100 becomes 110',
      'Allow-SSH-Admin is called Allow-SSH-Admin-recorded',
      'allow-mqtts priority 110 becomes 111',
      'some ports 22, 80, 443 become 80, 443',
      'all-of-it keeps its ports, but a Deny above it closes TCP port 22',
      '2: security group loses no-mail: the platform has no outbound rules',
      '2: security group loses deny-them: the platform opens 8883 to everyone',
    ])
      expect(flat).toContain(text);
    expect(flat).not.toContain('ping is');
  });

  it('two rules of one priority are excused in no phase', () => {
    const [urn = ''] = phaseOne.plan.filter(({ name }) => name === 'network-nsg').map((each) => each.urn);
    const plan = parse(readFileSync(join(sample.folder, 'Pulumi.dev.yaml'), 'utf8')).config['mqtt-saas:adoption'];
    const message =
      'Rules "ping" and "some" are both Inbound with priority 1100: which one comes first is not defined.';
    const violation = { policy: 'network-rules-in-one-order', urn, message, level: 'mandatory' } as Violation;
    expect(exceptionsOf([violation], plan)).toEqual({});
    expect(exceptionsOf([{ ...violation, policy: 'network-flow-logs' }], plan)).not.toEqual({});
  });
});
