// How many transactions another sender's messages wait for beside thousands that are costly to read or that the database refuses. No database:
// a store that keeps what it is given, and takes a turn of the event loop.
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { DEFAULT_LIMITS, DEFAULT_RULES } from '../../domain/messages-limits.ts';
import { telemetryTopic } from '../../domain/topics.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { deliveryTo } from '../../tests/support/store-rig.ts';
import { keepHeapSmall } from '../runtime/memory.ts';
import { createDrain } from './drain.ts';
import { RowRefused, type Store } from './store.ts';

const [HOSTILE, VICTIM] = ['mallory', 'acme'].map((tenant) => telemetryTopic(tenant, 'pump-1'));
const route = (topic: string) => ({
  tenant: topic.split('/')[1]!,
  tenantId: 't',
  deviceId: topic,
  prefix: Buffer.alloc(0),
  limits: DEFAULT_LIMITS,
  rules: DEFAULT_RULES,
  metered: false,
  topic,
});
const NUMBER = gzipSync(`{"x":0.${'0'.repeat(16_401)}1}`);
const COSTLY = { properties: { contentType: 'application/gzip' } };

/**
 * A drain, and what each transaction had of each sender: `done` are those that were committed.
 * @param suspects what a transaction of suspects' messages waits for.
 */
function start(refuses = (_payload: string) => false, suspects = Promise.resolve()) {
  const written: { payloads: string[]; carefully: boolean; done: boolean }[] = [];
  let committed = 0;
  let held = 0;
  const store: Store = {
    write: async (batch, { onSent, carefully = false, names } = {}) => {
      const payloads = batch.deliveries.map(
        ({ topic, payload }) => `${topic === HOSTILE ? 'hostile' : 'victim'} ${payload}`,
      );
      const refused = batch.deliveries.find(({ payload }) => refuses(String(payload)));
      const done = carefully || refused === undefined;
      written.push({ payloads, carefully, done });
      await (carefully ? suspects : turn());
      if (!done && names) throw new RowRefused(refused!, new Error('refused'));
      onSent?.();
      committed += batch.messages;
      await turn();
      return { tallies: new Map(), careful: carefully, unstamped: 0, forged: 0 };
    },
  };
  const drain = createDrain({
    registry: { refresh: () => {}, find: (topic) => route(topic), learn: async () => new Map() },
    store,
    suspectStore: store,
    source: { pause: () => held++, resume: () => held--, commit: () => {}, leave: () => {} },
    onWritten: () => {},
    cap: Number.POSITIVE_INFINITY,
    retryUntil: Number.POSITIVE_INFINITY,
    signal: never,
    log: keepLog().log,
    now: () => performance.now(),
  });
  let tag = 0;
  const receive = (topic: string, payload: string | Buffer, more = {}) =>
    drain.receive(deliveryTo(topic, payload, { tag: ++tag, ...more }));
  const until = async (what: () => boolean) => {
    while (!what()) await turn();
  };
  /** Transactions, but those of suspects, that begin after now and end with the victim's message in the table. */
  const turnsOf = async (name: string) => {
    const others = () => written.filter(({ carefully }) => !carefully);
    const begun = others().length;
    receive(VICTIM!, name);
    const has = () => others().findIndex(({ payloads, done }) => done && payloads.includes(`victim ${name}`));
    await until(() => has() >= 0);
    return has() - begun + 1;
  };
  return { drain, written, receive, turnsOf, committed: () => committed, held: () => held };
}

test('beside thousands of messages that are costly to read, another sender’s are in the next transaction', async () => {
  const { drain, receive, turnsOf, written, held } = start();
  for (let n = 0; n < 2500; n++) receive(HOSTILE!, NUMBER, COSTLY);
  // All of them are in here: behind them on the broker, the victim's would wait until they are read.
  expect(held()).toBe(0);
  for (const name of ['{"a":1}', '{"b":1}', '{"c":1}']) expect(await turnsOf(name)).toBe(1);
  await drain.finish();
  expect(written.length).toBeGreaterThan(10);
  expect(written.flatMap(({ payloads }) => payloads)).toHaveLength(2503);
});

test('no message of others waits for what the database refuses, which makes theirs fail once', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { drain, receive, turnsOf, written, committed } = start((payload) => payload.includes('poison'), promise);
  for (let n = 0; n < 3000; n++) receive(HOSTILE!, `{"n":${n},"poison":true}`);
  receive(VICTIM!, '{"first":1}');
  expect(await turnsOf('{"a":1}')).toBeLessThanOrEqual(2);
  for (const name of ['{"b":1}', '{"c":1}']) expect(await turnsOf(name)).toBe(1);
  for (let n = 0; n < 100; n++) receive(HOSTILE!, `{"again":${n},"poison":true}`);
  expect(await turnsOf('{"d":1}')).toBe(1);
  await expect.poll(committed).toBe(5);
  expect(drain.quietSince()).toBeUndefined();
  resolve();
  await drain.finish();
  expect(drain.quietSince()).toBeDefined();
  expect(committed()).toBe(3105);
  expect(written.filter(({ done }) => !done)).toHaveLength(1);
  for (const { payloads, carefully } of written.filter(({ done }) => done)) {
    expect(payloads.some((text) => text.startsWith('hostile'))).toBe(carefully);
    if (carefully) expect(payloads.length).toBeLessThanOrEqual(512);
  }
});

test('a sender’s messages are read in the order in which they came, also what comes while its others wait', async () => {
  let isLate = false;
  const { drain, receive, written } = start(() => {
    // While the first batch is being written, the next one is empty.
    if (!isLate) receive(HOSTILE!, '{"late":1}');
    isLate = true;
    return false;
  });
  for (let n = 0; n < 2500; n++) receive(HOSTILE!, NUMBER, COSTLY);
  while (!isLate) await turn();
  await drain.finish();
  expect(written.flatMap(({ payloads }) => payloads).indexOf('hostile {"late":1}')).toBe(2500);
});

test('what waits of a sender whose rows were refused counts as unread, so reading from the broker pauses', async () => {
  const { drain, receive, written, committed, held } = start((payload) => payload.includes('poison'));
  receive(HOSTILE!, '{"poison":true}');
  while (written.length === 0) await turn();
  await turn();
  for (let n = 0; n < 2500; n++) receive(HOSTILE!, `{"poison":${n},"x":"${'x'.repeat(1000)}"}`);
  expect(held()).toBe(1);
  await drain.finish();
  expect(committed()).toBe(2501);
  expect(held()).toBe(0);
});

test('after a batch, buffers that nobody holds any more are gone', async () => {
  keepHeapSmall();
  const { drain, receive } = start();
  const held = () => process.memoryUsage().arrayBuffers / 1024 ** 2;
  for (let n = 0; n < 20; n++) Buffer.alloc(1024 ** 2);
  expect(held()).toBeGreaterThan(15);
  receive(VICTIM!, '{}');
  await drain.finish();
  // A thread of V8's own frees them.
  await expect.poll(held).toBeLessThan(12);
});
