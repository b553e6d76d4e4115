// A type can be written in five ways. Every rule gets it in one, however Pulumi hands resources to it.
import { describe, expect, test } from 'vitest';
import { RULES } from './pack.ts';
import { undatedType } from './resource.ts';
import type { Rule } from './rule.ts';
import { changed, judge, remediate, retyped, type Specimen } from './testing/specimen.ts';
import { SPECIMENS } from './testing/specimens.ts';

/** The spellings of one azure-native type. */
const SPELLINGS: [string, (type: string) => string][] = [
  ['undated', (type) => type],
  ['dated', (type) => type.replace(/^(azure-native:\w+):/, '$1/v20250101:')],
  ['preview', (type) => type.replace(/^(azure-native:\w+):/, '$1/v20230401preview:')],
  ['a package of its own', (type) => type.replace(/^azure-native:(\w+):/, 'azure-native_$1_v20250101:$1:')],
  [
    'under its former name',
    (type) =>
      type.replace(/^azure-native:monitor:/, 'azure-native:insights:').replace(/^azure-native:/, 'azure-nextgen:'),
  ],
];

/** The row of one rule, and the first wrong value of its first property. */
function broken(name: string): { rule: Rule; specimen: Specimen; plan: Specimen['plan'] } {
  const rule = RULES.find((each) => each.name === name)!;
  const specimen = SPECIMENS.find((each) => each.rule === rule)!;
  const [property, values] = Object.entries(specimen.broken)[0]!;
  return { rule, specimen, plan: changed(specimen, property, values[0]) };
}

describe.each(SPELLINGS)('a type %s', (_, spell) => {
  test.each(['azure-native:network:NetworkSecurityGroup', 'azure-native:monitor:DiagnosticSetting'])(
    'is %s',
    (type) => {
      expect(undatedType(spell(type))).toBe(type);
    },
  );

  test.each([
    ['resource by resource', 'storage-strong-tls'],
    ['as a whole', 'governance-diagnostics'],
  ])('is judged as it is undated, %s', (_, name) => {
    const { rule, specimen, plan } = broken(name);
    expect('checkStack' in rule).toBe(name === 'governance-diagnostics');
    expect(judge(rule, retyped(specimen.plan, spell), specimen.config)).toEqual([]);
    const found = judge(rule, plan, specimen.config);
    expect(found).not.toEqual([]);
    expect(judge(rule, retyped(plan, spell), specimen.config)).toEqual(found);
  });

  test('is remediated as the undated type is', () => {
    const { rule, plan } = broken('storage-strong-tls');
    const remediated = remediate(rule, plan);
    expect(remediated).not.toEqual(plan);
    expect(remediate(rule, retyped(plan, spell))).toEqual(retyped(remediated, spell));
  });
});

test.each([
  'azuread:index:Application',
  'random:index:RandomPassword',
  'pulumi:pulumi:Stack',
  'azure-nativex:a/v20250101:B',
])('%s is not an azure-native type and stays', (type) => {
  expect(undatedType(type)).toBe(type);
});
