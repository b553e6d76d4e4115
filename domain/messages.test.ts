import { gzipSync } from 'node:zlib';
import { encode } from 'cborg';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type MessageProperties, type Reading, readMessage } from './messages.ts';
import { explainNoJson } from './messages-json.ts';
import { DEFAULT_LIMITS, MAX_DEPTH, MAX_PAYLOAD_BYTES, MAX_READINGS } from './messages-limits.ts';
import { isRejection, REJECTION_REASONS } from './messages-reasons.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const read = (payload: string | Buffer, properties?: MessageProperties, limits = DEFAULT_LIMITS) =>
  readMessage(Buffer.from(payload as string), properties, NOW, limits);
const reasonOf = (payload: string | Buffer, properties?: MessageProperties, limits = DEFAULT_LIMITS) => {
  const result = read(payload, properties, limits);
  return isRejection(result) ? result.reason : undefined;
};
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

test.each([
  ['{}', {}],
  [' {"v":1}\r\n', {}],
  ['{"message_id":"a","ts":"2026-11-21T12:00:00Z"}', { id: 'a', ts: NOW * 1000 }],
  ['{"message_id":42,"ts":1795262400}', { id: '42', ts: NOW * 1000 }],
  ['{"message_id":null,"ts":null}', {}],
  ['{"message_id":"first","message_id":"last"}', { id: 'last' }],
  // The name of a sensor, of a switch, of anything: data.
  ['{"id":"a"}', {}],
  ['{"id":{"bad":1}}', {}],
  ['{"__proto__":{"message_id":"x"}}', {}],
  ['{"text":"\\ud83d\\ude00 \\\\u0000 1e999"}', {}],
  ['{"n":1.5e-300}', {}],
])('%s is a reading', (payload, expected) => {
  expect(read(payload)).toMatchObject([
    { payload: Buffer.from(payload), isPart: false, id: undefined, ts: undefined, ...expected },
  ]);
});

test('user properties take precedence over the payload', () => {
  expect(read('{"message_id":"a","ts":1}', { id: 'b', ts: '1795262400' })).toMatchObject([{ id: 'b', ts: NOW * 1000 }]);
});

test.each([
  ['empty', ''],
  ['too-large', `{"a":"${'x'.repeat(MAX_PAYLOAD_BYTES)}"}`],
  ['not-utf8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['not-json', '{"a":1'],
  ['not-json', '\ufeff{}'],
  ['not-json', '{"a":NaN}'],
  ['not-json', '{"a":"\u0000"}'],
  ['empty', '[]'],
  ['too-many-readings', `[${Array(MAX_READINGS + 1).fill('{}')}]`],
  ['not-an-object', 'null'],
  ['not-an-object', '21.5'],
  ['too-deep', nested(MAX_DEPTH + 1)],
  ['too-deep', `{"a":${'['.repeat(60_000)}${']'.repeat(60_000)}}`],
  ['nul-character', '{"a":"x\\u0000"}'],
  ['nul-character', '{"\\u0000":1}'],
  ['lone-surrogate', '{"a":"\\ud800"}'],
  ['lone-surrogate', '{"a":["\\udc00\\ud800"]}'],
  ['number-out-of-range', '{"a":1e309}'],
  ['number-out-of-range', '{"a":[-1E131071]}'],
  ['number-out-of-range', '{"a":1e-400}'],
  ['number-out-of-range', '{"a":1e400,"a":1}'],
  ['nul-character', '{"a":"\\u0000","a":1}'],
  ['bad-id', '{"message_id":""}'],
  ['bad-id', '{"message_id":1.5}'],
  ['bad-id', '{"message_id":{}}'],
  ['bad-id', '{"message_id":"a\\nb"}'],
  ['bad-id', `{"message_id":"${'é'.repeat(65)}"}`],
  ['bad-timestamp', '{"ts":"2026-11-21T12:00:00"}'],
  ['bad-timestamp', '{"ts":false}'],
  ['timestamp-out-of-range', '{"ts":0}'],
  ['timestamp-out-of-range', '{"ts":"2026-11-22T12:00:01Z"}'],
  ['timestamp-out-of-range', '{"ts":17952624000000}'],
  ['timestamp-out-of-range', '{"ts":1795262400000000}'],
  ['timestamp-out-of-range', '{"ts":1e300}'],
] as const)('%s (%#)', (reason, payload) => {
  expect(reasonOf(payload)).toBe(reason);
  expect(REJECTION_REASONS).toContain(reason);
});

const zeros = (count: number) => '0'.repeat(count);
/** Numbers as JSON may write them, and whether they are stored. */
const NUMBERS: [text: string, isStored: boolean][] = [
  ['1e308', true],
  [`1${zeros(308)}`, true],
  [`1${zeros(499)}`, false],
  ['1.8e308', false],
  [`1${zeros(250)}e99`, false],
  [`1${zeros(300)}e-400`, true],
  ['1e-308', true],
  ['5e-324', false],
  [`0.${zeros(323)}5`, false],
  [`0.${zeros(250)}1e-99`, false],
  [`0.1${zeros(498)}`, true],
  [`0.1${zeros(16_382)}`, true],
  [`0.1${zeros(16_383)}`, false],
  [`0.${zeros(20_000)}1e20000`, true],
  ['0e999999', true],
  ['0e-16384', false],
  ['0e99999999999', false],
  ['-0', true],
  ['123456789012345678901234567890', true],
];
const written = ([text]: (typeof NUMBERS)[number]) => text;

test('a number is judged alone: what else is in the message makes no difference', () => {
  const other = fc.oneof(
    fc.constantFrom('"\\u00e9"', '"1e999"', '1e300', '"\\\\u0000"', `"${zeros(500)}"`, 'null', '[]', '"\\""'),
    fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
  );
  const place = fc.constantFrom(
    (n: string) => n,
    (n: string) => `[[${n}]]`,
    (n: string) => `{"deep":{"er":[1,${n}]}}`,
  );
  fc.assert(
    fc.property(fc.constantFrom(...NUMBERS), place, fc.array(other, { maxLength: 3 }), ([n, isStored], at, others) => {
      const alone = reasonOf(`{"v":${n}}`);
      expect(alone).toBe(isStored ? undefined : 'number-out-of-range');
      const neighbours = others.filter((text) => reasonOf(`{"v":${text}}`) === undefined);
      const members = [...neighbours.map((text, i) => `"o${i}": ${text}`), `"v" : ${at(n)}`];
      for (const text of [`{${members}}`, `{${members.reverse()}}`]) {
        expect(reasonOf(text)).toBe(alone);
        const [, reading] = read(`[{},${text}]`) as (Reading | { reason: string })[];
        expect(isRejection(reading as Reading) ? (reading as { reason: string }).reason : undefined).toBe(alone);
        // What is stored is what was sent.
        if (isStored) expect((reading as Reading).payload.toString()).toBe(text);
      }
    }),
    { numRuns: 200 },
  );
});

test('in a string, a number is text', () => {
  expect(reasonOf(`{${NUMBERS.map((n, i) => `"${written(n)}": "${i} \\u0031 ${written(n)}"`)}}`)).toBeUndefined();
});

test('CBOR is judged as JSON of the same value is', () => {
  const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.bigInt(-(2n ** 64n), 2n ** 64n - 1n));
  fc.assert(
    fc.property(value, (v) => {
      const text = typeof v === 'bigint' ? String(v) : JSON.stringify(v);
      const packed = Buffer.from(encode({ v }));
      expect(reasonOf(packed, { contentType: 'application/cbor' })).toBe(reasonOf(`{"v":${text}}`));
    }),
    { numRuns: 500, examples: [[5e-324], [1e-308], [9e-309], [1.7976931348623157e308], [-0]] },
  );
});

test('the bounds themselves are accepted', () => {
  expect(reasonOf(`{"a":"${'x'.repeat(MAX_PAYLOAD_BYTES - 8)}"}`)).toBeUndefined();
  expect(reasonOf(nested(MAX_DEPTH))).toBeUndefined();
  expect(reasonOf(`{"message_id":"${'é'.repeat(64)}"}`)).toBeUndefined();
  expect(reasonOf('{"ts":"2026-11-22T12:00:00Z"}')).toBeUndefined();
  expect(reasonOf('{"ts":"2000-01-01T00:00:00Z"}')).toBeUndefined();
});

test('a bad user property is a rejection, too', () => {
  expect(reasonOf('{}', { ts: 'now' })).toBe('bad-timestamp');
  expect(reasonOf('{}', { id: '' })).toBe('bad-id');
});

test('an array is as many readings, each as it was written, with its own identity', () => {
  const [first, second] = ['{"v":1.50, "t":"],[\\"}"}', '{"message_id":"a","ts":1795262400,"l":[{}, []]}'];
  expect(read(` [ ${first} ,\n${second}]`)).toMatchObject([
    { payload: Buffer.from(first), id: undefined, ts: undefined, isPart: true, index: 0 },
    { payload: Buffer.from(second), id: 'a', ts: NOW * 1000, isPart: true, index: 1 },
  ]);
});

test('of an array, a bad reading is refused alone, and says which it is', () => {
  expect(read('[{"v":1},2,{"ts":"soon"},{"v":"\\u0000"}]')).toMatchObject([
    { payload: Buffer.from('{"v":1}') },
    {
      reason: 'not-an-object',
      payload: Buffer.from('2'),
      detail: expect.stringMatching(/^reading 2 of 4: expected a JSON object, got a number/),
    },
    { reason: 'bad-timestamp', payload: Buffer.from('{"ts":"soon"}') },
    { reason: 'nul-character' },
  ]);
});

test('user properties stand in for what a reading of an array lacks', () => {
  expect(
    read('[{"message_id":"own"},{"ts":1795262401},{"message_id":null}]', { id: 'm', ts: '1795262400' }),
  ).toMatchObject([
    { id: 'own', ts: NOW * 1000, envelope: { ts: '1795262400' } },
    { id: 'm/1', ts: NOW * 1000 + 1_000_000, envelope: { id: 'm/1' } },
    { id: 'm/2', ts: NOW * 1000, envelope: { id: 'm/2', ts: '1795262400' } },
  ]);
});

test("a tenant's own limits are tighter", () => {
  const limits = { maxPayloadBytes: 40, maxDepth: 2, maxAheadSeconds: 5, maxAgeSeconds: 60 };
  const at = (seconds: number) => `{"ts":${1_795_262_400 + seconds}}`;
  for (const payload of ['{"a":{}}', at(5), at(-60)]) expect(reasonOf(payload, undefined, limits)).toBeUndefined();
  expect(reasonOf(`{"a":"${'x'.repeat(40)}"}`, undefined, limits)).toBe('too-large');
  expect(reasonOf(gzipSync(`{"a":"${'x'.repeat(400)}"}`), { contentType: 'application/gzip' }, limits)).toBe(
    'too-large',
  );
  expect(reasonOf('{"a":{"b":[0]}}', undefined, limits)).toBe('too-deep');
  for (const seconds of [6, -61]) expect(reasonOf(at(seconds), undefined, limits)).toBe('timestamp-out-of-range');
});

test('why a text is not JSON is found in one pass, also where a string never ends', () => {
  // Half an hour, if a string that does not end were looked for from each of its quotes.
  for (const end of ['', '\\', '\\\n']) {
    const text = `{"a":"${'\\"'.repeat(2 ** 19)}${end}`;
    expect(explainNoJson(text, new Error('Unterminated string in JSON'))).toMatchObject({
      detail: expect.stringContaining('it ends too early'),
    });
  }
  expect(reasonOf(`{"a":"${'\\"'.repeat(60_000)}`)).toBe('not-json');
});

test('no rejection quotes the payload', () => {
  for (const payload of [
    '{"secret":',
    '["secret"]',
    '{"message_id":"secret\\n"}',
    '{"ts":"secret"}',
    '{"secret":"\\u0000"}',
  ]) {
    const result = read(payload);
    const [refused] = isRejection(result) ? [result] : result;
    expect(refused).toMatchObject({ reason: expect.any(String), detail: expect.not.stringContaining('secret') });
  }
});
