import { expect, test } from 'vitest';
import { describeRule, deviceTimeWords, draftProblem, tidy, unjudgedWords } from './rule-words.ts';
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

const NOW = new Date('2026-11-21T12:00:00Z');
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();
const UP_TO_DATE = {
  rule_id: 'r',
  judged_at: ago(1),
  tried_at: ago(1),
  problem: null,
  skipped_from: null,
  skipped_until: null,
};

test.each([
  [undefined, undefined],
  [UP_TO_DATE, undefined],
  [{ ...UP_TO_DATE, judged_at: null, tried_at: '-infinity' }, undefined],
  [
    { ...UP_TO_DATE, judged_at: null, problem: 'it took longer than 4 seconds' },
    /^Not judged yet: it took .* seconds\.$/,
  ],
  [{ ...UP_TO_DATE, judged_at: ago(6) }, /^Not judged since \d\d:\d\d:\d\d\.$/],
  [{ ...UP_TO_DATE, skipped_from: ago(90), skipped_until: ago(80) }, /^What came from .* to .* was not judged\.$/],
  [{ ...UP_TO_DATE, skipped_from: ago(1500), skipped_until: ago(1450) }, undefined],
])('what is behind is said: %j', (progress, words) => {
  const said = unjudgedWords(progress, NOW);
  if (words) expect(said).toMatch(words);
  else expect(said).toBeUndefined();
});

test.each([
  [ago(1), null, undefined],
  [ago(1), ago(2), undefined],
  [ago(1), ago(181), 'device time 3 h earlier'],
  [ago(1), ago(-420), 'device time 7 h later'],
])('found %s, device time %s: %s', (foundAt, deviceTs, words) => {
  expect(deviceTimeWords(foundAt, deviceTs)).toBe(words);
});
