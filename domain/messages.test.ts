import { gzipSync } from 'node:zlib';
import { encode } from 'cborg';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketedId, contentHash } from './message-identity.ts';
import { type MessageProperties, type Reading, readMessage } from './messages.ts';
import { unpackedSize } from './messages-encoding.ts';
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

test.each(['application/gzip', 'application/json+gzip', 'Application/GZIP; x=1'])('%s is unpacked', (contentType) => {
  const text = '[{"v":1},{"v":2}]';
  expect(read(gzipSync(text), { contentType })).toMatchObject([
    { payload: Buffer.from('{"v":1}') },
    { payload: Buffer.from('{"v":2}') },
  ]);
  expect(read(gzipSync('{"v":1}'), { contentType })).toMatchObject([{ payload: Buffer.from('{"v":1}') }]);
});

test('any other content type is taken for JSON, and a CBOR sequence is refused by its name', () => {
  expect(read('{"v":1}', { contentType: 'text/plain' })).toMatchObject([{ id: undefined }]);
  for (const contentType of ['application/cbor-seq', 'application/senml+cbor', 'x/cbor-seq+gzip']) {
    expect(reasonOf('{"v":1}', { contentType })).toBe('unsupported-type');
  }
});

const cbor = { contentType: 'application/cbor' };
const hex = (text: string) => Buffer.from(text, 'hex');
/** Text of the reading in a payload of CBOR. */
const asJson = (payload: Buffer) => (read(payload, cbor) as Reading[])[0]?.payload.toString();

test('CBOR is read by its content type, also in gzip, one reading or several', () => {
  const one = encode({ message_id: 'a', ts: 1_795_262_400, v: 21.5 });
  const text = '{"v":21.5,"ts":1795262400,"message_id":"a"}'; // encode() sorts.
  for (const contentType of ['application/cbor', 'application/Vendor.x+CBOR; v=1']) {
    expect(read(Buffer.from(one), { contentType })).toMatchObject([
      { payload: Buffer.from(text), id: 'a', ts: NOW * 1000, isPart: false },
    ]);
  }
  for (const contentType of ['application/cbor+gzip', 'application/vendor+cbor+gzip']) {
    expect(read(gzipSync(one), { contentType })).toMatchObject([{ payload: Buffer.from(text) }]);
  }
  expect(read(Buffer.from(encode([{ v: 1 }, 2, { message_id: 'b' }])), cbor)).toMatchObject([
    { payload: Buffer.from('{"v":1}'), isPart: true },
    { reason: 'not-an-object', payload: Buffer.from('2') },
    { payload: Buffer.from('{"message_id":"b"}'), id: 'b' },
  ]);
});

// JSON.parse may read such a key as another one after a key that begins with a backslash: a fault of V8 (nodejs/node#63785).
const ESCAPED_KEY = /[{,]"(?:[^"\\]|\\.)*\\.(?:[^"\\]|\\.)*":/;

test('what JSON can say comes out of CBOR as it went in', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 4 })), (value) => {
      fc.pre(!ESCAPED_KEY.test(JSON.stringify(value)));
      const payload = Buffer.from(encode(value));
      // Whatever JSON's own text of it is refused for, CBOR is, too.
      const [plain, packed] = [read(JSON.stringify(value)), read(payload, cbor)];
      if (isRejection(plain)) expect(packed).toMatchObject({ reason: plain.reason });
      else expect(JSON.parse(asJson(payload) as string)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['all 64 bits of an integer', 'a1617639ffff', '{"v":-65536}'],
  ['the largest integer', 'a161761bffffffffffffffff', '{"v":18446744073709551615}'],
  ['the smallest one', 'a161763bffffffffffffffff', '{"v":-18446744073709551616}'],
  ['a half float', 'a16176f93e00', '{"v":1.5}'],
  ['a single float, to the last digit it has', 'a16176fa3dcccccd', '{"v":0.10000000149011612}'],
  ['lists and maps without a length', 'bf61769f01f6ffff', '{"v":[1,null]}'],
  ['a name that JavaScript treats specially', 'a1695f5f70726f746f5f5fa16269646170', '{"__proto__":{"id":"p"}}'],
])('CBOR: %s', (_, bytes, text) => {
  expect(asJson(hex(bytes))).toBe(text);
});

test.each([
  ['not-cbor', 'no whole item', 'a1'],
  ['not-cbor', 'an item and more', 'a000'],
  ['not-cbor', 'a length beyond the end', 'a161767affffffff'],
  ['not-cbor', 'an array of 2^32', '9b0000000100000000'],
  ['not-cbor', 'a reserved length', 'a161761c'],
  ['not-cbor', 'a name twice', 'a2617601617602'],
  ['not-cbor', 'a number as a name', 'a10102'],
  ['not-cbor', 'undefined', 'a16176f7'],
  ['not-cbor', 'NaN', 'a16176f97e00'],
  ['not-cbor', 'infinity', 'a16176f9fc00'],
  ['not-cbor', 'a byte string', 'a161764101'],
  ['not-cbor', 'a break instead of a value', 'a16176ff'],
  ['not-cbor', 'a simple value', 'a16176e0'],
  ['not-cbor', 'a tag: a time', 'a16176c11a5bf1bb00'],
  ['not-cbor', 'a tag: an integer of any length', 'a16176c24101'],
  ['not-utf8', 'a text that is not UTF-8', 'a1617661ff'],
  ['not-utf8', 'a name that is not UTF-8', 'a161ff01'],
  ['not-an-object', 'a number', '01'],
  ['empty', 'an empty array', '80'],
  ['nul-character', 'NUL', 'a161766100'],
  ['number-out-of-range', 'a number that a double holds in part only', 'a16176fb0000000000000001'],
  ['bad-timestamp', 'a time that is true', 'a1627473f5'],
] as const)('CBOR, %s: %s', (reason, _, bytes) => {
  const result = read(hex(bytes), cbor);
  const [refused] = isRejection(result) ? [result] : result;
  expect(refused).toMatchObject({ reason });
});

test('CBOR cannot be larger or deeper than JSON may be', () => {
  const deep = (levels: number) => Buffer.concat([Buffer.alloc(levels, hex('81')), hex('01')]);
  const inMap = (value: Buffer) => Buffer.concat([hex('a16176'), value]);
  expect(reasonOf(inMap(deep(MAX_DEPTH - 1)), cbor)).toBeUndefined();
  expect(reasonOf(inMap(deep(MAX_DEPTH)), cbor)).toBe('too-deep');
  expect(reasonOf(inMap(deep(MAX_PAYLOAD_BYTES - 10)), cbor)).toBe('too-deep');
  expect(reasonOf(Buffer.alloc(MAX_PAYLOAD_BYTES, hex('c1')), cbor)).toBe('not-cbor');
  // The largest growth there is: half floats of 3 bytes, 20 digits and a comma each.
  const halves = Array(20_000).fill(hex('f90001'));
  const grown = inMap(Buffer.concat([hex('994e20'), ...halves]));
  expect(reasonOf(grown, cbor)).toBe('too-large');
  expect(unpackedSize(grown, cbor.contentType)).toBe(MAX_PAYLOAD_BYTES);
  const some = inMap(Buffer.concat([hex('9903e8'), ...halves.slice(0, 1000)]));
  expect(unpackedSize(some, cbor.contentType)).toBeGreaterThan(asJson(some)?.length as number);
});

const gzip = { contentType: 'application/gzip' };
const bomb = gzipSync(Buffer.alloc(50_000_000));
/** The same bomb, whose trailer claims that it is small. */
const lying = Buffer.concat([bomb.subarray(0, -4), Buffer.from([10, 0, 0, 0])]);
test.each([
  ['too-large', bomb, gzip],
  ['not-gzip', lying, gzip],
  ['not-gzip', Buffer.from('{"v":1}'), gzip],
  ['not-gzip', gzipSync('{"v":1}').subarray(0, -9), gzip],
  ['not-gzip', Buffer.concat([gzipSync('{"v":1'), gzipSync('}')]), gzip],
  ['empty', gzipSync('[]'), gzip],
  ['not-json', gzipSync(''), gzip],
  ['not-utf8', gzipSync('{"v":1}'), undefined],
] as const)('gzip: %s (%#)', (reason, payload, properties) => {
  expect(reasonOf(payload, properties)).toBe(reason);
});

test('a bomb costs next to nothing', () => {
  const before = process.memoryUsage().rss;
  for (let n = 0; n < 200; n++) for (const payload of [bomb, lying]) reasonOf(payload, gzip);
  expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
});

test("a tenant's own limits are tighter", () => {
  const limits = { maxPayloadBytes: 40, maxDepth: 2, maxAheadSeconds: 5, maxAgeSeconds: 60 };
  const at = (seconds: number) => `{"ts":${1_795_262_400 + seconds}}`;
  for (const payload of ['{"a":{}}', at(5), at(-60)]) expect(reasonOf(payload, undefined, limits)).toBeUndefined();
  expect(reasonOf(`{"a":"${'x'.repeat(40)}"}`, undefined, limits)).toBe('too-large');
  expect(reasonOf(gzipSync(`{"a":"${'x'.repeat(400)}"}`), gzip, limits)).toBe('too-large');
  expect(reasonOf('{"a":{"b":[0]}}', undefined, limits)).toBe('too-deep');
  for (const seconds of [6, -61]) expect(reasonOf(at(seconds), undefined, limits)).toBe('timestamp-out-of-range');
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

test('the content hash depends on topic and payload, and their border', () => {
  const hashes = [
    contentHash('a/b', Buffer.from('c')),
    contentHash('a/', Buffer.from('bc')),
    contentHash('a/b', Buffer.from('d')),
    contentHash('é'.repeat(40_000), Buffer.from('c')),
  ];
  expect(new Set(hashes).size).toBe(4);
  for (const hash of hashes) expect(hash).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(contentHash('a/b', Buffer.from('c'))).toBe(hashes[0]);
});

test('a bucketed id changes with the ten minutes', () => {
  expect(bucketedId('h', 0)).toBe(bucketedId('h', 599_999));
  expect(bucketedId('h', 600_000)).not.toBe(bucketedId('h', 0));
});
