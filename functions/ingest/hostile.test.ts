// Malformed and hostile messages: each ends stored or as a dead letter with the right reason, beside good neighbours that
// are stored, and none makes its batch be written in more than one part.
import { gzipSync } from 'node:zlib';
import { encode } from 'cborg';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MessageProperties } from '../../domain/messages.ts';
import { REJECTION_REASONS, type RejectionReason } from '../../domain/messages-reasons.ts';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { poison, refusePoison } from '../../tests/support/poison.ts';
import { deliveryTo, openStoreRig, type StoreRig } from '../../tests/support/store-rig.ts';
import type { Database } from '../database/connection.ts';
import type { Delivery } from '../source/delivery.ts';
import { totalOf } from './accounting.ts';

let rig: Lab;
let store: StoreRig;
beforeAll(async () => {
  rig = await startLab({ devices: 2, broker: MANY_SESSIONS });
  await refusePoison(rig.admin);
  store = await openStoreRig(rig, 'hostile', {}, counting);
});
afterAll(async () => {
  await store.stop();
  await rig.stop();
});

let savepoints = 0;
/** A database that counts the parts in which batches are written. */
function counting(real: Database): Database {
  return {
    ...real,
    transaction: (opening, work) =>
      real.transaction(opening, (client) => {
        const query = client.query.bind(client) as (...args: unknown[]) => unknown;
        const counted = new Proxy(client, {
          get: (target, name) =>
            name === 'query'
              ? (...args: unknown[]) => {
                  savepoints += args[0] === 'savepoint part' ? 1 : 0;
                  return query(...args);
                }
              : Reflect.get(target, name, target),
        });
        return work(counted);
      }),
  };
}

const receivedAt = Date.now();
const NEIGHBOURS = 16;
/** A batch is written in one part, whatever is in it. */
const ONE_PART = 1;

interface Message {
  payload: string | Buffer;
  topic?: string;
  properties?: MessageProperties;
  truncated?: boolean;
}

let packets = 0;
const deliveryOf = ({ payload, topic = rig.devices[0]!.topic, ...more }: Message): Delivery => {
  packets += 1;
  return deliveryTo(topic, payload, { tag: packets, receivedAt, ...more });
};

const writeAll = (messages: Message[]) => store.store.write(store.batchFrom(messages.map(deliveryOf)));

let neighbour = 0;
/** Writes a message between good ones. */
async function writeAmongOthers(message: Message) {
  const good = (): Message[] =>
    Array.from({ length: NEIGHBOURS / 2 }, () => ({ payload: `{"message_id":"good-${neighbour++}"}` }));
  savepoints = 0;
  const { tallies } = await writeAll([...good(), message, ...good()]);
  return totalOf(tallies);
}

const lastReason = async () =>
  (await rig.admin.query('select reason from public.dead_letters order by id desc limit 1')).rows[0]?.reason;

const nested = (levels: number, [open, close] = ['{"a":', '}']) => `${open.repeat(levels)}1${close.repeat(levels)}`;
const gzip = { contentType: 'application/gzip' };
const cbor = { contentType: 'application/cbor' };
const hex = (text: string) => Buffer.from(text, 'hex');
const bomb = gzipSync(Buffer.alloc(20_000_000, 0x20));
const iso = (ahead: number) => new Date(receivedAt + ahead).toISOString();
const YEAR = 365 * 86_400_000;

/** What is sent, and what becomes of it: the reason, or the number of rows. */
const KINDS: [what: string, message: Message, fate: RejectionReason | number][] = [
  ['no bytes', { payload: '' }, 'empty'],
  ['white space only', { payload: ' \n ' }, 'not-json'],
  ['an empty array', { payload: '[ ]' }, 'empty'],
  ['an invalid byte', { payload: Buffer.from([0x7b, 0xff, 0x7d]) }, 'not-utf8'],
  ['an overlong encoding', { payload: Buffer.from([0x22, 0xc0, 0x80, 0x22]) }, 'not-utf8'],
  ['a surrogate in UTF-8', { payload: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]) }, 'not-utf8'],
  ['UTF-16', { payload: Buffer.from('{"v":1}', 'utf16le') }, 'not-json'],
  ['a byte order mark', { payload: '\ufeff{"v":1}' }, 'not-json'],
  ['a raw NUL', { payload: '{"v":"\0"}' }, 'not-json'],
  ['a raw NUL behind the object', { payload: '{"v":1}\0' }, 'not-json'],
  ['an escaped NUL', { payload: '{"v":"\\u0000"}' }, 'nul-character'],
  ['an escaped NUL in a name', { payload: '{"\\u0000":1}' }, 'nul-character'],
  ['half a surrogate pair', { payload: '{"v":"\\ud800"}' }, 'lone-surrogate'],
  ['surrogates in the wrong order', { payload: '{"v":"\\udc00\\ud800"}' }, 'lone-surrogate'],
  ['a number beyond double', { payload: '{"v":1e309}' }, 'number-out-of-range'],
  ['a number that takes 131,072 digits', { payload: '{"v":1E131071}' }, 'number-out-of-range'],
  ['a number that vanishes', { payload: '{"v":1e-400}' }, 'number-out-of-range'],
  ['an integer of 400 digits', { payload: `{"v":${'9'.repeat(400)}}` }, 'number-out-of-range'],
  ['a fraction of 20,000 digits', { payload: `{"v":0.${'1'.repeat(20_000)}}` }, 'number-out-of-range'],
  ['what only the database refuses', { payload: poison() }, 'database-rejected'],
  ['NaN', { payload: '{"v":NaN}' }, 'not-json'],
  ['a trailing comma', { payload: '{"v":1,}' }, 'not-json'],
  ['single quotes', { payload: "{'v':1}" }, 'not-json'],
  ['a comment', { payload: '{"v":1}//' }, 'not-json'],
  ['two objects', { payload: '{"v":1}{"v":2}' }, 'not-json'],
  ['a cut object', { payload: '{"v":' }, 'not-json'],
  ['a number', { payload: '21.5' }, 'not-an-object'],
  ['a text', { payload: '"21.5"' }, 'not-an-object'],
  ['null', { payload: 'null' }, 'not-an-object'],
  ['an array in an array', { payload: '[[{"v":1}]]' }, 'not-an-object'],
  ['an array of 1001 readings', { payload: `[${Array(1001).fill('{}')}]` }, 'too-many-readings'],
  ['64 levels', { payload: nested(64) }, 'too-deep'],
  ['20,000 levels of arrays', { payload: `{"a":${nested(20_000, ['[', ']'])}}` }, 'too-deep'],
  ['32 levels', { payload: nested(32) }, 1],
  ['a byte too many', { payload: `{"v":"${'x'.repeat(131_073 - 8)}"}` }, 'too-large'],
  ['the rest cut off', { payload: '{"v":1}', truncated: true }, 'too-large'],
  ['a gzip bomb', { payload: bomb, properties: gzip }, 'too-large'],
  [
    'a gzip bomb that lies',
    { payload: Buffer.concat([bomb.subarray(0, -4), Buffer.from([10, 0, 0, 0])]), properties: gzip },
    'not-gzip',
  ],
  ['a cut gzip', { payload: gzipSync('{"v":"cut"}').subarray(0, -3), properties: gzip }, 'not-gzip'],
  ['plain text that is called gzip', { payload: '{"v":"none"}', properties: gzip }, 'not-gzip'],
  ['gzip of gzip', { payload: gzipSync(gzipSync('{}')), properties: gzip }, 'not-utf8'],
  ['gzip without saying so', { payload: gzipSync('{"v":"unsaid"}') }, 'not-utf8'],
  [
    'a CBOR sequence',
    { payload: hex('a0a0'), properties: { contentType: 'application/cbor-seq' } },
    'unsupported-type',
  ],
  ['JSON that says it is CBOR', { payload: '{"v":1}', properties: cbor }, 'not-cbor'],
  ['CBOR without saying so', { payload: hex('a1617601') }, 'not-utf8'],
  ['CBOR cut off', { payload: hex('a16176'), properties: cbor }, 'not-cbor'],
  ['CBOR that claims 2^32 members', { payload: hex('bb0000000100000000'), properties: cbor }, 'not-cbor'],
  ['CBOR with a name twice', { payload: hex('a2617601617602'), properties: cbor }, 'not-cbor'],
  ['CBOR with NaN', { payload: hex('a16176f97e00'), properties: cbor }, 'not-cbor'],
  ['CBOR with undefined', { payload: hex('a16176f7'), properties: cbor }, 'not-cbor'],
  ['CBOR with a bignum', { payload: hex('a16176c24101'), properties: cbor }, 'not-cbor'],
  ['CBOR with bytes', { payload: hex('a161764101'), properties: cbor }, 'not-cbor'],
  ['CBOR with a text that is not UTF-8', { payload: hex('a1617661ff'), properties: cbor }, 'not-utf8'],
  ['CBOR with a NUL', { payload: hex('a161766100'), properties: cbor }, 'nul-character'],
  ['CBOR of 130,000 levels', { payload: Buffer.alloc(130_000, hex('81')), properties: cbor }, 'too-deep'],
  ['CBOR with 64 bits', { payload: hex('a161761bffffffffffffffff'), properties: cbor }, 1],
  ['CBOR in gzip', { payload: gzipSync(hex('a16263676101')), properties: { contentType: 'x/y+cbor+gzip' } }, 1],
  ['an empty id', { payload: '{"message_id":""}' }, 'bad-id'],
  ['an id of 129 bytes', { payload: `{"message_id":"${'x'.repeat(129)}"}` }, 'bad-id'],
  ['an id that is an object', { payload: '{"message_id":{"$ne":1}}' }, 'bad-id'],
  ['an id with a line break', { payload: '{"message_id":"a\\nb"}' }, 'bad-id'],
  ['an id by property that holds NUL', { payload: '{}', properties: { id: 'a\0b' } }, 'bad-id'],
  ['a time without an offset', { payload: '{"ts":"2026-11-21T12:00:00"}' }, 'bad-timestamp'],
  ['the 30th of February', { payload: '{"ts":"2026-02-30T12:00:00Z"}' }, 'bad-timestamp'],
  ['a time that is true', { payload: '{"ts":true}' }, 'bad-timestamp'],
  ['a clock years ahead', { payload: `{"ts":"${iso(3 * YEAR)}"}` }, 'timestamp-out-of-range'],
  ['a clock that was never set', { payload: '{"ts":12}' }, 'timestamp-out-of-range'],
  ['microseconds', { payload: `{"ts":${receivedAt * 1000}}` }, 'timestamp-out-of-range'],
  ['a clock two years behind', { payload: `{"ts":"${iso(-2 * YEAR)}"}` }, 1],
  ['a tenant that is not registered', { payload: '{}', topic: 'tenants/x/devices/y/telemetry' }, 'unknown-tenant'],
  ['a foreign device', { payload: '{}', topic: 'tenants/acme/devices/hive/telemetry' }, 'unknown-device'],
  ['a field', { payload: '21.5', topic: 'tenants/acme/devices/pump-1/telemetry/x' }, 1],
  [
    'a text that is six times as large when it is quoted',
    { payload: '\x01'.repeat(100_000), topic: 'tenants/acme/devices/pump-1/telemetry/x' },
    'too-large',
  ],
  ['a field without a name', { payload: '1', topic: 'tenants/acme/devices/pump-1/telemetry/' }, 'wrong-topic'],
  [
    'a field of 129 bytes',
    { payload: '1', topic: `tenants/acme/devices/pump-1/telemetry/${'é'.repeat(64)}x` },
    'wrong-topic',
  ],
  ['a field with a line break', { payload: '1', topic: 'tenants/acme/devices/pump-1/telemetry/a\nb' }, 'wrong-topic'],
  ['no channel', { payload: '{}', topic: 'tenants/acme/devices/pump-1/-' }, 'wrong-topic'],
  ['another channel', { payload: '{}', topic: 'tenants/acme/devices/pump-1/tele/SENSOR' }, 'wrong-topic'],
  [
    'a SenML record without a value',
    { payload: '[{"n":"t"}]', properties: { contentType: 'application/senml+json' } },
    'bad-senml',
  ],
  ['a topic too short', { payload: '{}', topic: 'tenants/acme/telemetry' }, 'bad-topic'],
  ['an empty topic', { payload: '{}', topic: '' }, 'bad-topic'],
  ['a topic with a path in it', { payload: '{}', topic: 'tenants/acme/devices/../telemetry' }, 'bad-topic'],
  ['a topic with a NUL', { payload: '{}', topic: 'tenants/acme/devices/\0/telemetry' }, 'bad-topic'],
  ['duplicate members', { payload: '{"message_id":"dup-a","message_id":"dup-b"}' }, 1],
  ['__proto__', { payload: '{"__proto__":{"message_id":"p"},"constructor":1}' }, 1],
  ['SQL', { payload: `{"message_id":"'); drop table public.telemetry; --"}` }, 1],
  ['an object without members', { payload: '{}' }, 1],
  ['20,000 members', { payload: `{${Array.from({ length: 10_000 }, (_, n) => `"${n}":0`)}}` }, 1],
  ['1,000 readings', { payload: `[${Array.from({ length: 1000 }, (_, n) => `{"n":${n}}`)}]` }, 1000],
];

test.each(KINDS)('%s', async (_, message, fate) => {
  const total = await writeAmongOthers(message);
  const stored = NEIGHBOURS + (typeof fate === 'number' ? fate : 0);
  const rejected = typeof fate === 'number' ? 0 : 1;
  expect(total).toEqual({ received: stored + rejected, stored, duplicate: 0, rejected, overQuota: 0 });
  if (typeof fate !== 'number') expect(await lastReason()).toBe(fate);
  expect(savepoints).toBeLessThanOrEqual(ONE_PART);
});

test('every reason there is was seen', () => {
  expect(new Set(KINDS.map(([, , fate]) => fate).filter((fate) => typeof fate === 'string'))).toEqual(
    new Set(REJECTION_REASONS),
  );
});

test('all of them in one batch', async () => {
  // By another device: the readings that are stored are stored already for the first.
  const topic = rig.devices[1]!.topic;
  savepoints = 0;
  const { tallies } = await writeAll(KINDS.map(([, message]) => ({ topic, ...message })));
  const rows = KINDS.reduce((sum, [, , fate]) => sum + (typeof fate === 'number' ? fate : 0), 0);
  const rejected = KINDS.filter(([, , fate]) => typeof fate !== 'number').length;
  expect(totalOf(tallies)).toMatchObject({ stored: rows, duplicate: 0, rejected });
  expect(savepoints).toBeLessThanOrEqual(ONE_PART);
});

test('whatever bytes come, they end as rows, duplicates or dead letters, and the batch ends', async () => {
  const bytes = fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array));
  const json = fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text));
  const packed = fc.jsonValue({ maxDepth: 3 }).map((value) => Buffer.from(encode(value)));
  // Valid JSON or CBOR with a byte changed: nearer to the borders than noise.
  const damaged = fc.tuple(fc.oneof(json, packed), fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
    const copy = Buffer.from(text);
    copy[at % Math.max(copy.length, 1)] = byte;
    return copy;
  });
  const list = fc
    .array(fc.oneof(json, fc.constant(Buffer.from('{"v":1}'))), { maxLength: 5 })
    .map((members) => Buffer.from(`[${members.join(', ')}]`));
  const plain = fc.oneof(bytes, json, damaged, list, packed);
  const payload = fc.oneof(
    plain,
    plain.map((text) => gzipSync(text)),
  );
  const text = fc.string({ unit: 'binary', maxLength: 20 });
  const some = fc.option(text, { nil: undefined });
  const contentType = fc.constantFrom(
    ...[undefined, 'application/gzip', 'application/json', 'application/cbor', 'application/cbor+gzip'],
  );
  const properties = fc.record({ id: some, ts: some, contentType });
  const topic = fc.oneof({ weight: 9, arbitrary: fc.constant(rig.devices[0]!.topic) }, { weight: 1, arbitrary: text });
  const message = fc.record({ payload, topic, properties: fc.option(properties, { nil: undefined }) });
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 60 }), async (messages) => {
      const { tallies } = await writeAll(messages);
      const { received, stored, duplicate, rejected } = totalOf(tallies);
      expect(received).toBeGreaterThanOrEqual(messages.length);
      expect(received).toBe(stored + duplicate + rejected);
    }),
    { numRuns: 40 },
  );
  expect((await rig.admin.query('select from public.ingest_residuals')).rowCount).toBe(0);
});
