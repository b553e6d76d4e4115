// The real program with one unsafe change: the preview refuses it, names the rule and says how to fix it. Safe ones pass.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeScratchCopy, type ScratchCopy } from './support/scratch-copy.ts';

let copy: ScratchCopy;
// One for all tests: where a file lies decides whether Node has it compiled already.
beforeAll(() => {
  copy = makeScratchCopy();
});
afterEach(() => copy.undo());
afterAll(() => copy.remove());

const RULES = 'components/network-rules.ts';
const LAST = 'return [...ingress.flatMap(allow), denyTheRest];';

/** Fields of a rule by its name, as the program would write them. */
type Rules = Record<string, string>;

/** Adds rules to the network security group, between those of the program, 100 and 110. */
function addRules(rules: Rules): void {
  const written = Object.entries(rules).map(
    ([name, fields], i) =>
      `{ name: '${name}', priority: ${102 + i}, direction: 'Inbound', access: 'Allow', protocol: 'Tcp', sourcePortRange: '*', destinationAddressPrefix: '*', ${fields} }`,
  );
  copy.change(RULES, LAST, `return [...ingress.flatMap(allow), ${written.join(', ')}, denyTheRest];`);
}

/** Adds a resource to the network beside the inline rules. */
function addStandaloneRule(): void {
  const file = 'components/network.ts';
  copy.change(
    file,
    /^import /m,
    "import { SecurityRule } from '@pulumi/azure-native/network/securityRule.js';\nimport ",
  );
  copy.change(
    file,
    'this.registerOutputs(',
    `new SecurityRule('standalone', { resourceGroupName: args.placement.resourceGroupName, networkSecurityGroupName: 'any', priority: 105, direction: 'Inbound', access: 'Allow', protocol: 'Tcp', sourceAddressPrefix: '*', sourcePortRange: '*', destinationAddressPrefix: '*', destinationPortRange: '26' }, { parent: this });
    this.registerOutputs(`,
  );
}

/** Each lets too many in, and has a port of its own: of two that open one port, one is named. */
const UNSAFE: Rules = {
  'from-anywhere': "sourceAddressPrefix: '*', destinationPortRange: '22'",
  'from-the-internet': "sourceAddressPrefix: 'Internet', destinationPortRange: '23'",
  'from-two-halves': "sourceAddressPrefixes: ['0.0.0.0/1', '128.0.0.0/1'], destinationPortRange: '24'",
  'from-azure': "sourceAddressPrefix: 'AzureCloud', destinationPortRange: '25'",
  'a-range-below': "sourceAddressPrefix: '*', destinationPortRange: '18-20'",
  'a-range-over-1883': "sourceAddressPrefix: '*', destinationPortRange: '1000-2000'",
};

/** The findings of the ingress contract about the copy, which its preview refuses. */
function refusals(): string[] {
  const { status, output } = copy.preview();
  expect(status).toBe(1);
  return output.split('mandatory network-ingress-contract').slice(1);
}

test('each rule that opens too much is refused by its name, with what to do, though a Deny follows', () => {
  addRules(UNSAFE);
  addStandaloneRule();
  copy.change(RULES, 'priority: LAST_PRIORITY', `priority: ${102 + Object.keys(UNSAFE).length}`);
  const findings = refusals();
  for (const name of [...Object.keys(UNSAFE), 'standalone']) {
    expect(
      findings.find((finding) => finding.includes(name)),
      name,
    ).toMatch(/Fix: /);
  }
});

test('a value that is not known before the deployment is refused', () => {
  copy.change(RULES, /^import /m, "import { RandomString } from '@pulumi/random/randomString.js';\nimport ");
  addRules({
    extra: "sourceAddressPrefix: new RandomString('source', { length: 8 }).result, destinationPortRange: '22'",
  });
  expect(refusals().join()).toMatch(/Rule "extra": sourceAddressPrefix is not known[\s\S]*Fix: /);
});

test('what opens nothing passes: shadowed by a Deny, the broker’s own port in two halves, SSH from within', () => {
  addRules({
    shadowed: "sourceAddressPrefix: '*', destinationPortRange: '1883'",
    'broker-in-two-halves': "sourceAddressPrefixes: ['0.0.0.0/1', '128.0.0.0/1'], destinationPortRange: '8883'",
    'ssh-from-within': "sourceAddressPrefix: 'VirtualNetwork', destinationPortRange: '22'",
  });
  copy.change(
    RULES,
    'return [...ingress.flatMap(allow), ',
    "return [...ingress.flatMap(allow), { ...denyTheRest, name: 'deny-1883', priority: 101, destinationPortRange: '1883' }, ",
  );
  const { status, output } = copy.preview();
  expect(output).not.toContain('✗');
  expect(status).toBe(0);
});
