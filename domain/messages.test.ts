import { expect, test } from 'vitest';
import { bucketedId, contentHash } from './message-identity.ts';
import { isRejection, MAX_DEPTH, MAX_PAYLOAD_BYTES, REJECTION_REASONS, readMessage } from './messages.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const read = (payload: string | Buffer, envelope?: { id?: string; ts?: string }) =>
  readMessage(Buffer.from(payload as string), envelope, NOW);
const reasonOf = (payload: string | Buffer, envelope?: { id?: string; ts?: string }) => {
  const result = read(payload, envelope);
  return isRejection(result) ? result.reason : undefined;
};
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

test.each([
  ['{}', {}],
  [' {"v":1}\r\n', {}],
  ['{"id":"a","ts":"2026-11-21T12:00:00Z"}', { id: 'a', ts: NOW * 1000 }],
  ['{"id":42,"ts":1795262400}', { id: '42', ts: NOW * 1000 }],
  ['{"id":null,"ts":null}', {}],
  ['{"id":"first","id":"last"}', { id: 'last' }],
  ['{"__proto__":{"id":"x"}}', {}],
  ['{"text":"\\ud83d\\ude00 \\\\u0000 1e999"}', {}],
  ['{"n":1.5e-300}', {}],
])('%s is a reading', (payload, expected) => {
  expect(read(payload)).toEqual({ id: undefined, ts: undefined, ...expected });
});

test('user properties take precedence over the payload', () => {
  expect(read('{"id":"a","ts":1}', { id: 'b', ts: '1795262400' })).toEqual({ id: 'b', ts: NOW * 1000 });
});

test.each([
  ['empty', ''],
  ['too-large', `{"a":"${'x'.repeat(MAX_PAYLOAD_BYTES)}"}`],
  ['not-utf8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['not-json', '{"a":1'],
  ['not-json', '\ufeff{}'],
  ['not-json', '{"a":NaN}'],
  ['not-json', '{"a":"\u0000"}'],
  ['not-an-object', '[{"a":1}]'],
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
  ['bad-id', '{"id":""}'],
  ['bad-id', '{"id":1.5}'],
  ['bad-id', '{"id":{}}'],
  ['bad-id', '{"id":"a\\nb"}'],
  ['bad-id', `{"id":"${'é'.repeat(65)}"}`],
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

test('the bounds themselves are accepted', () => {
  expect(reasonOf(`{"a":"${'x'.repeat(MAX_PAYLOAD_BYTES - 8)}"}`)).toBeUndefined();
  expect(reasonOf(nested(MAX_DEPTH))).toBeUndefined();
  expect(reasonOf(`{"id":"${'é'.repeat(64)}"}`)).toBeUndefined();
  expect(reasonOf('{"ts":"2026-11-22T12:00:00Z"}')).toBeUndefined();
  expect(reasonOf('{"ts":"2000-01-01T00:00:00Z"}')).toBeUndefined();
});

test('a bad user property is a rejection, too', () => {
  expect(reasonOf('{}', { ts: 'now' })).toBe('bad-timestamp');
  expect(reasonOf('{}', { id: '' })).toBe('bad-id');
});

test('no rejection quotes the payload', () => {
  for (const payload of ['{"secret":', '["secret"]', '{"id":"secret\\n"}', '{"ts":"secret"}', '{"secret":"\\u0000"}']) {
    expect(JSON.stringify(read(payload))).not.toContain('secret');
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
