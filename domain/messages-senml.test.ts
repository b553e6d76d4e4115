// SenML packs that a hostile or careless device may send.
import { expect, test } from 'vitest';
import { readMessage } from './messages.ts';
import { DEFAULT_LIMITS, DEFAULT_RULES } from './messages-limits.ts';
import { isRejection } from './messages-reasons.ts';
import { resolveSenml } from './messages-senml.ts';

const NOW = Date.UTC(2026, 10, 21);
const PACK = { contentType: 'application/senml+json' };
const read = (pack: unknown, rules = {}) =>
  readMessage(Buffer.from(typeof pack === 'string' ? pack : JSON.stringify(pack)), PACK, NOW, DEFAULT_LIMITS, {
    ...DEFAULT_RULES,
    ...rules,
  });

test.each([
  ['name', { bn: 'n'.repeat(60_000) }],
  ['unit', { bn: 'n', bu: 'u'.repeat(60_000) }],
])('a base %s that the records multiply beyond what a message may hold is refused', (_, base) => {
  const records = Array.from({ length: 1000 }, (_, t) => ({ v: 1, t: 1_790_000_000 + t }));
  expect(read([base, ...records.slice(1)])).toMatchObject({ reason: 'too-large' });
  expect(read([base, ...records.slice(0, 1)])).toHaveLength(1);
});

test('what a record holds besides is not carried along', () => {
  let looked = 0;
  const record = Object.defineProperty({ n: 'a', v: 1 }, 'other', { enumerable: true, get: () => ++looked });
  expect(isRejection(resolveSenml([record, { n: 'b', v: 2 }], 1000))).toBe(false);
  expect(looked).toBe(0);
});

test.each([
  ['a value', '[{"n":"a","v":1e999}]'],
  ['a value with its base', '[{"n":"a","bv":1e308,"v":1e308}]'],
  ['a sum', '[{"n":"a","v":1,"bs":-1e308,"s":-1e308}]'],
])('%s that no double holds is refused, as in plain JSON', (_, pack) => {
  expect(read(pack)).toMatchObject({ reason: 'number-out-of-range' });
});

test('a relative time has the bounds of any other', () => {
  for (const t of [86_401, 200_000_000]) {
    expect(read([{ n: 'a', v: 1, t }])).toMatchObject({ reason: 'timestamp-out-of-range' });
    expect(read([{ n: 'a', v: 1, t }], { repairsClock: true })).toMatchObject([{ ts: undefined, offset: 0 }]);
  }
  expect(read([{ n: 'a', v: 1, t: -86_400 }])).toMatchObject([{ ts: undefined, offset: -86_400_000_000 }]);
});
