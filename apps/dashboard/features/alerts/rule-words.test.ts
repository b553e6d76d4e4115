import { expect, test } from 'vitest';
import { describeRule, deviceTimeWords, draftProblem, tidy, unjudgedWords } from './rule-words.ts';
import type { RuleDraft } from './rules.ts';

const RULE: RuleDraft = {
  name: 'Too warm',
  kind: 'threshold',
  device_id: null,
  tag: null,
  field: 'temperature',
  comparison: 'above',
  threshold: 25,
  wanted: null,
  for_minutes: null,
  also_field: null,
  also_comparison: null,
  also_threshold: null,
  also_wanted: null,
  window_minutes: 5,
  severity: 'warning',
};

const OPEN = { also_field: 'door', also_comparison: 'is', also_wanted: 'open' } as const;

test('rules in words', () => {
  expect(describeRule(RULE, undefined)).toBe('When temperature is above 25, on every device');
  expect(describeRule({ ...RULE, ...OPEN, tag: 'cold', for_minutes: 10 }, undefined)).toBe(
    'When temperature is above 25 and door is “open” for 10 minutes, on devices tagged cold',
  );
  expect(describeRule({ ...RULE, comparison: 'is not', wanted: 'ok' }, 'Roof')).toBe(
    'When temperature is not “ok”, on Roof',
  );
  expect(describeRule({ ...RULE, kind: 'rate', threshold: -2.5, comparison: 'below' }, 'Roof')).toBe(
    'When temperature changes by less than -2.5 a minute over 5 minutes, on Roof',
  );
  expect(describeRule(tidy({ ...RULE, kind: 'missing', window_minutes: 10_080 }), 'Roof')).toBe(
    'When no message came for 7 days, on Roof',
  );
});

test('what is missing is said', () => {
  expect(draftProblem(RULE)).toBeUndefined();
  expect(draftProblem({ ...RULE, threshold: Number.NaN })).toMatch(/number/);
  expect(draftProblem({ ...RULE, field: '' })).toMatch(/field/);
  expect(draftProblem({ ...RULE, comparison: 'is' })).toMatch(/value/);
  expect(draftProblem({ ...RULE, also_comparison: 'above' })).toMatch(/field/);
  expect(draftProblem({ ...RULE, ...OPEN, also_wanted: '' })).toMatch(/value/);
  for (const window_minutes of [0, 1.5, 1441, Number.NaN]) {
    expect(draftProblem({ ...RULE, window_minutes })).toMatch(/1 to 1 day/);
    // It is not used.
    expect(draftProblem({ ...RULE, ...OPEN, window_minutes })).toBeUndefined();
  }
  for (const for_minutes of [-1, 1.5, 10_081, Number.NaN])
    expect(draftProblem({ ...RULE, for_minutes })).toMatch(/up to 7 days/);
  expect(draftProblem({ ...RULE, kind: 'missing', window_minutes: 10_080 })).toBeUndefined();
  expect(draftProblem({ ...RULE, kind: 'missing', window_minutes: 10_081 })).toMatch(/7 days/);
  expect(draftProblem(tidy({ ...RULE, kind: 'missing' }))).toBeUndefined();
});

test('only what counts is kept', () => {
  expect(tidy({ ...RULE, wanted: 'left over', for_minutes: 0 })).toEqual(RULE);
  expect(tidy({ ...RULE, ...OPEN, for_minutes: null })).toMatchObject({ ...OPEN, for_minutes: 0 });
  expect(tidy({ ...RULE, comparison: 'is', wanted: 'open' })).toMatchObject({ threshold: null, for_minutes: 0 });
  expect(tidy({ ...RULE, ...OPEN, kind: 'rate', for_minutes: 5 })).toMatchObject({
    also_field: null,
    also_comparison: null,
    for_minutes: null,
  });
});

const NOW = new Date('2026-11-21T12:00:00Z');
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();
const UP_TO_DATE = {
  rule_id: 'r',
  judged_at: ago(1),
  judged_from: ago(1500),
  tried_at: ago(1),
  problem: null,
  skipped_from: null,
  skipped_until: null,
  suppressed: 0,
  suppressed_from: null,
  suppressed_until: null,
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
  [
    { ...UP_TO_DATE, suppressed: 15, suppressed_from: ago(90), suppressed_until: ago(80) },
    /^15 alerts were not opened from .* to .*: the same devices had opened too many in an hour\.$/,
  ],
  [{ ...UP_TO_DATE, suppressed: 15, suppressed_from: ago(1500), suppressed_until: ago(1450) }, undefined],
  [{ ...UP_TO_DATE, judged_from: ago(70) }, /^What came before .* is not judged\.$/],
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
