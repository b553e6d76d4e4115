// The real program with one unsafe change: the preview refuses it, names the rule and says how to mend it. Safe ones pass.
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

/** Adds a rule to the network security group, written as the program would. */
function addRule(fields: string): void {
  const rule = `{ name: 'extra', priority: 105, direction: 'Inbound', access: 'Allow', protocol: 'Tcp', sourcePortRange: '*', destinationAddressPrefix: '*', ${fields} }`;
  copy.change(RULES, LAST, `return [...ingress.flatMap(allow), ${rule}, denyTheRest];`);
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
    `new SecurityRule('extra', { resourceGroupName: args.placement.resourceGroupName, networkSecurityGroupName: 'any', priority: 105, direction: 'Inbound', access: 'Allow', protocol: 'Tcp', sourceAddressPrefix: '*', sourcePortRange: '*', destinationAddressPrefix: '*', destinationPortRange: '22' }, { parent: this });
    this.registerOutputs(`,
  );
}

test.each<[string, () => void]>([
  ['SSH from *', () => addRule("sourceAddressPrefix: '*', destinationPortRange: '22'")],
  ['SSH from Internet', () => addRule("sourceAddressPrefix: 'Internet', destinationPortRange: '22'")],
  [
    'SSH from two halves of the address space',
    () => addRule("sourceAddressPrefixes: ['0.0.0.0/1', '128.0.0.0/1'], destinationPortRange: '22'"),
  ],
  ['SSH from AzureCloud', () => addRule("sourceAddressPrefix: 'AzureCloud', destinationPortRange: '22'")],
  ['a range that covers 22', () => addRule("sourceAddressPrefix: '*', destinationPortRange: '20-30'")],
  ['a range that covers 1883', () => addRule("sourceAddressPrefix: '*', destinationPortRange: '1000-2000'")],
  ['a standalone rule beside the inline ones', addStandaloneRule],
  [
    'an Allow with a higher priority than a Deny',
    () => {
      addRule("sourceAddressPrefix: '*', destinationPortRange: '22'");
      copy.change(RULES, 'priority: LAST_PRIORITY', 'priority: 106');
    },
  ],
  [
    'a value that is not known before the deployment',
    () => {
      copy.change(RULES, /^import /m, "import { RandomString } from '@pulumi/random/randomString.js';\nimport ");
      addRule("sourceAddressPrefix: new RandomString('source', { length: 8 }).result, destinationPortRange: '22'");
    },
  ],
])('%s is refused', (_, change) => {
  change();
  const { status, output } = copy.preview();
  expect(output).toContain('network-ingress-contract');
  expect(output).toMatch(/mandatory network-ingress-contract[\s\S]*Fix: /);
  expect(status).toBe(1);
});

test.each<[string, () => void]>([
  ['the program as it is', () => {}],
  [
    'an Allow that a Deny before it shadows',
    () => {
      addRule("sourceAddressPrefix: '*', destinationPortRange: '1883'");
      copy.change(
        RULES,
        'return [...ingress.flatMap(allow), ',
        "return [...ingress.flatMap(allow), { ...denyTheRest, name: 'deny-1883', priority: 104, destinationPortRange: '1883' }, ",
      );
    },
  ],
  [
    'the broker port from a split address space',
    () => addRule("sourceAddressPrefixes: ['0.0.0.0/1', '128.0.0.0/1'], destinationPortRange: '8883'"),
  ],
  ['SSH from the virtual network', () => addRule("sourceAddressPrefix: 'VirtualNetwork', destinationPortRange: '22'")],
])('%s passes', (_, change) => {
  change();
  const { status, output } = copy.preview();
  expect(output).not.toContain('✗');
  expect(status).toBe(0);
});
