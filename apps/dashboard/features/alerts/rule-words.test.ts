import { expect, test } from 'vitest';
import { describeRule, draftProblem, tidy } from './rule-words.ts';
import type { RuleDraft } from './rules.ts';

const RULE: RuleDraft = {
  name: 'Too warm',
  kind: 'threshold',
  device_id: null,
  field: 'temperature',
  comparison: 'above',
  threshold: 25,
  window_minutes: 5,
  severity: 'warning',
};

test('rules in words', () => {
  expect(describeRule(RULE, undefined)).toBe('temperature above 25, on every device');
  expect(describeRule({ ...RULE, kind: 'rate', threshold: -2.5, comparison: 'below' }, 'Roof')).toBe(
    'temperature changes by below -2.5 a minute over 5 min, on Roof',
  );
  expect(describeRule(tidy({ ...RULE, kind: 'missing' }), 'Roof')).toBe('no reading for 5 min, on Roof');
});

test('what is missing is said', () => {
  expect(draftProblem(RULE)).toBeUndefined();
  expect(draftProblem({ ...RULE, threshold: Number.NaN })).toMatch(/number/);
  expect(draftProblem({ ...RULE, field: '' })).toMatch(/field/);
  for (const window_minutes of [0, 1.5, 1441, Number.NaN]) {
    expect(draftProblem({ ...RULE, window_minutes })).toMatch(/1 to 1440/);
  }
  expect(draftProblem(tidy({ ...RULE, kind: 'missing' }))).toBeUndefined();
});
