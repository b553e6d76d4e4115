// A plain reading that is read byte by byte is what JSON.parse makes of it, for any text.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readMessage, readPlainTime } from './messages.ts';
import { DEFAULT_LIMITS, DEFAULT_RULES, MAX_DEPTH } from './messages-limits.ts';
import { NO_TIME, readPlain } from './messages-plain.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

const strict = (payload: Buffer, limits = DEFAULT_LIMITS) => readMessage(payload, undefined, NOW, limits);
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '"a"',
  '"ts"',
  '"message_id"',
  ' ',
  '\n',
  '\t',
  '-',
  '0',
  '1',
  '0.5',
  '1795262400',
  '.',
  'e5',
  'true',
  'false',
  'null',
  'tru',
  '\\',
  '\\"',
  '\u0001',
  '\u007f',
  'é',
  '\u{1f600}',
  '12345678901234567890',
  '1795262400.123',
  '1795262400123.4567',
];
const member = fc.oneof(
  fc.tuple(fc.constantFrom('ts', 'message_id', 'a', 'b'), fc.json({ maxDepth: 4 })),
  fc.tuple(
    fc.constantFrom('ts', 'a'),
    fc.oneof(fc.nat({ max: 1_795_262_400_000 }), fc.double({ min: 9e8, max: 2e12 })).map(String),
  ),
  fc.tuple(
    fc.string(),
    fc.constantFrom('1', '-1.5', '0', '00', '1.', '.5', '-', '1e3', '"x"', 'true', 'nul', '{}', '[1,2]', '[1,]'),
  ),
);
const text = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join('')),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => `{"a":1,${pieces.join('')}}`),
  fc
    .array(member, { maxLength: 5 })
    .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`)}}`),
);

test('a plain reading that is read byte by byte is what JSON.parse makes of it, and nothing else is taken for one', () => {
  const limits = fc.constantFrom(
    DEFAULT_LIMITS,
    { ...DEFAULT_LIMITS, maxDepth: 2 },
    { ...DEFAULT_LIMITS, maxAgeSeconds: 86_400 },
  );
  fc.assert(
    fc.property(text, limits, (json, some) => {
      // Between other bytes, as it stands in a packet.
      const around = Buffer.from(`{"${json}"}`);
      const ts = readPlainTime(around, 2, around.length - 2, NOW, some, DEFAULT_RULES);
      if (ts === undefined) return;
      expect(strict(Buffer.from(json), some)).toMatchObject([
        { ts: ts === NO_TIME ? undefined : ts, id: undefined, isPart: false },
      ]);
    }),
    { numRuns: 5000 },
  );
});

test('what nearly all devices send is read byte by byte, and what is not plain is left to JSON.parse', () => {
  for (const [json, ts] of [
    ['{"id":"0-1","ts":1795262400000,"t":-21.50,"ok":true,"list":[1,{"a":null}]}', 1_795_262_400_000],
    [' { } \r\n', NO_TIME],
    ['{"ts":1,"ts":1795262400.25}', 1_795_262_400.25],
    ['{"a":{"ts":5}}', NO_TIME],
    ['{"a":{},"b":[1,2]}', NO_TIME],
    ...[
      '{"ts":"1"}',
      '{"ts":null}',
      '{"ts":-1}',
      '{"message_id":1}',
      '{"a":1e5}',
      '{"a":"\\n"}',
      '{"a":"é"}',
      '[{}]',
      '1',
      '{}{}',
      '{},{}',
      '{"a":1,}',
      '{,}',
      '{"a":1,,"b":2}',
      '{"a":[,1]}',
      '{"a":[1}]',
      '{"a":{},"b":[1}',
      '{"a":{"b":1]}',
      '{"a":,}',
      '{"a" 1}',
      '{"a":1 "b":2}',
      '{"ts":1795262400123.4567}',
    ].map((other) => [other, undefined] as const),
  ] as const) {
    expect([json, readPlain(Buffer.from(json), MAX_DEPTH)]).toEqual([json, ts]);
  }
  expect(readPlain(Buffer.from(nested(3)), 3)).toBe(NO_TIME);
  expect(readPlain(Buffer.from(nested(4)), 3)).toBeUndefined();
  // It has bits for 30 levels, whatever else is allowed.
  expect(readPlain(Buffer.from(nested(31)), 40)).toBeUndefined();
});

test('a member that its tenant names for the time is looked for in a plain reading, too', () => {
  const rules = { ...DEFAULT_RULES, timeMembers: ['at'] };
  const payload = Buffer.from('{"at":1795262400}');
  expect(readPlainTime(payload, 0, payload.length, NOW, DEFAULT_LIMITS, rules)).toBeUndefined();
  expect(readMessage(payload, undefined, NOW, DEFAULT_LIMITS, rules)).toMatchObject([{ ts: NOW * 1000 }]);
});
