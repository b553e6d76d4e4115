// Payloads as they may be packed: CBOR and gzip, honest and hostile.
import { gzipSync } from 'node:zlib';
import { encode } from 'cborg';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type MessageProperties, type Reading, readMessage } from './messages.ts';
import { unpackedSize } from './messages-encoding.ts';
import { MAX_DEPTH, MAX_PAYLOAD_BYTES } from './messages-limits.ts';
import { isRejection } from './messages-reasons.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const read = (payload: string | Buffer, properties?: MessageProperties) =>
  readMessage(Buffer.from(payload as string), properties, NOW);
const reasonOf = (payload: string | Buffer, properties?: MessageProperties) => {
  const result = read(payload, properties);
  return isRejection(result) ? result.reason : undefined;
};

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
