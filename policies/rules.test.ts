// Tests every rule from one table: a rule without a row, or a row without one of the rule's properties, fails.
import { describe, expect, test } from 'vitest';
import { UNKNOWN } from './known.ts';
import { RULES } from './pack.ts';
import type { Rule } from './rule.ts';
import { REAL_CONFIG, shippedExceptions, snapshot } from './testing/snapshot.ts';
import { changed, judge, remediate, retyped, type Specimen } from './testing/specimen.ts';
import { SPECIMENS } from './testing/specimens.ts';

/** EXC-01 judges the pack's own file and not a program: its tests are next to it. */
const PROGRAM_RULES = RULES.filter(({ id }) => id !== 'EXC-01');

function specimenOf(rule: Rule): Specimen {
  const found = SPECIMENS.filter((specimen) => specimen.rule === rule);
  if (found.length !== 1) throw new Error(`${rule.name} has ${found.length} rows in testing/specimens.ts`);
  return found[0]!;
}

/** The specimen's plan, and the same with each type replaced by one that must be judged likewise. */
function variants({ likewise = {} }: Specimen): ((type: string) => string)[] {
  const replacements = Object.entries(likewise).flatMap(([from, all]) =>
    all.map((to) => (type: string) => (type === from ? to : type)),
  );
  return [(type) => type, ...replacements];
}

test('every row belongs to a rule', () => {
  const strangers = SPECIMENS.filter(({ rule }) => !RULES.includes(rule)).map(({ rule }) => rule.name);
  expect(strangers).toEqual([]);
});

describe.each(PROGRAM_RULES)('$id $name', (rule) => {
  const specimen = specimenOf(rule);
  const properties = Object.entries(rule.properties);
  const verdict = (messages: string[]) => (messages.length > 0 ? 'violation' : 'accepted');

  test('its row breaks every property that it judges', () => {
    expect(Object.keys(specimen.broken)).toEqual(Object.keys(rule.properties));
    const cases = [...Object.values(specimen.broken), specimen.wrongConfigs ?? []];
    expect(cases.flat().length).toBeGreaterThan(0);
    for (const values of Object.values(specimen.broken)) expect(values.length).toBeGreaterThan(0);
  });

  test('accepts its specimen', () => {
    for (const variant of variants(specimen))
      expect(judge(rule, retyped(specimen.plan, variant), specimen.config)).toEqual([]);
    for (const [property, values] of Object.entries(specimen.fine ?? {}))
      for (const value of values)
        expect(
          judge(rule, changed(specimen, property, value), specimen.config),
          `${property} = ${JSON.stringify(value)}`,
        ).toEqual([]);
  });

  test('finds each broken property', () => {
    for (const [property, values] of Object.entries(specimen.broken))
      for (const value of values)
        for (const variant of variants(specimen)) {
          const plan = retyped(changed(specimen, property, value), variant);
          const messages = judge(rule, plan, specimen.config);
          expect(messages, `${property} = ${JSON.stringify(value)}`).not.toEqual([]);
          for (const message of messages) {
            expect(message).toContain(' Fix: ');
            expect(message).not.toContain('Tr0ub4dor');
          }
        }
  });

  test('treats absent and unknown properties as documented', () => {
    for (const [property, { absent, unknown }] of properties) {
      expect(verdict(judge(rule, changed(specimen, property, undefined), specimen.config)), `${property} absent`).toBe(
        absent,
      );
      expect(verdict(judge(rule, changed(specimen, property, UNKNOWN), specimen.config)), `${property} unknown`).toBe(
        unknown,
      );
    }
  });

  test.each(specimen.needs ?? [])('misses a %s', (type) => {
    const plan = specimen.plan.filter((each) => each.type !== type);
    expect(judge(rule, plan, specimen.config)).not.toEqual([]);
  });

  test.each(specimen.wrongConfigs ?? [])('finds what the configuration %j does not allow', (config) => {
    expect(judge(rule, specimen.plan, config)).not.toEqual([]);
  });

  test('its remedy corrects wrong values and leaves right ones alone', () => {
    const remedy = 'remedy' in rule ? rule.remedy : 'Pulumi remedies one resource at a time';
    if (typeof remedy === 'string') {
      expect(remedy).toMatch(/\w{4}/);
      return;
    }
    expect(remediate(rule, specimen.plan)).toEqual(specimen.plan);
    for (const property of Object.keys(remedy))
      for (const value of [
        ...specimen.broken[property]!,
        ...(rule.properties[property]!.absent === 'violation' ? [undefined] : []),
      ])
        expect(judge(rule, remediate(rule, changed(specimen, property, value)))).toEqual([]);
  });

  test('reports nothing about the real plans except what is excepted', () => {
    for (const stack of ['dev', 'prod'])
      expect(judge(rule, snapshot(stack), REAL_CONFIG, shippedExceptions(RULES)), stack).toEqual([]);
  });
});
