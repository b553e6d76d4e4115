// What the database refuses, or cannot do in time, costs a bounded number of statements and keeps nobody else's readings waiting.
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, type LabDevice, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { poison, refusePoison } from '../../tests/support/poison.ts';
import { deliveryTo, openStoreRig, type StoreRig } from '../../tests/support/store-rig.ts';
import type { Database } from '../database/connection.ts';
import { blameOf } from '../database/sqlstate.ts';
import { totalOf } from './accounting.ts';
import type { Batch } from './batch.ts';
import { createPersist } from './persist.ts';

let rig: Lab;
let store: StoreRig;
let statements = 0;
let transactions = 0;
/** Part of the time that a transaction has otherwise. */
let share = 1;

/** Counts what the store asks of its database, and may give it less time. */
const watched = (real: Database): Database => ({
  ...real,
  transaction: (opening, work, mostMs = 0) => {
    transactions += 1;
    const counted = (client: Parameters<typeof work>[0]) => {
      const query = client.query.bind(client) as (...args: unknown[]) => unknown;
      const count = (...args: unknown[]) => {
        statements += 1;
        return query(...args);
      };
      return work(
        new Proxy(client, { get: (target, name) => (name === 'query' ? count : Reflect.get(target, name, target)) }),
      );
    };
    return real.transaction(opening, counted, mostMs * share);
  },
});

beforeAll(async () => {
  rig = await startLab({ devices: 6, broker: MANY_SESSIONS });
  await refusePoison(rig.admin);
  store = await openStoreRig(rig, 'persist', {}, watched);
});
afterAll(async () => {
  await store?.stop();
  await rig.stop();
});

/** Persists messages of several devices as one batch. */
async function persist(messages: [device: LabDevice, payload: string][], isOver = () => false) {
  const committed: Batch[] = [];
  const tallies: Record<string, number>[] = [];
  const { log, lines } = keepLog();
  statements = 0;
  transactions = 0;
  const write = createPersist({
    store: store.store,
    onCommitted: (part, written) => {
      committed.push(part);
      tallies.push(totalOf(written.tallies));
    },
    onLeft: () => {},
    isOver,
    retryUntil: Number.POSITIVE_INFINITY,
    signal: never,
    log,
    now: () => performance.now(),
  });
  const deliveries = messages.map(([device, payload], n) => deliveryTo(device.topic, payload, { tag: n + 1 }));
  await write(store.batchFrom(deliveries), { onSent: () => {} });
  const sum = (member: string) => tallies.reduce((total, tally) => total + (tally[member] ?? 0), 0);
  const acknowledged = committed.flatMap((part) => part.deliveries.map(({ tag }) => tag));
  return { stored: sum('stored'), rejected: sum('rejected'), acknowledged, lines, messages: committed.length };
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1);
const letters = async (device: LabDevice) => (await rig.deadLetters(device)).length;

test('the database says whose row stopped COPY, and nothing of the batch is stored then', async () => {
  const [one, other] = [rig.devices[0]!, rig.devices.at(-1)!];
  const deliveries = [deliveryTo(one.topic, '{"v":"good"}'), deliveryTo(other.topic, poison({ v: 1 }))];
  const before = (await rig.rows(one)).length;
  await expect(store.store.write(store.batchFrom(deliveries), { names: true })).rejects.toMatchObject({
    name: 'RowRefused',
    delivery: { topic: other.topic },
  });
  expect(await rig.rows(one)).toHaveLength(before);
  const { tallies } = await store.store.write(store.batchFrom(deliveries), { carefully: true });
  expect(totalOf(tallies)).toMatchObject({ stored: 1, rejected: 1 });
});

test('thousands of readings that the database refuses, among others: two transactions, and statements for none of them', async () => {
  const [hostile, victim] = [rig.devices[0]!, rig.devices.at(-1)!];
  const messages = upTo(2000).map((n): [LabDevice, string] => [hostile, poison({ n })]);
  for (let n = 0; n < 20; n++) messages.splice(n * 100, 0, [victim, `{"n":${n}}`]);
  const result = await persist(messages);
  expect(result).toMatchObject({ stored: 20, rejected: 2000 });
  expect(result.acknowledged).toEqual(upTo(2020));
  expect(transactions).toBe(2);
  expect(statements).toBeLessThan(30);
  expect(await letters(hostile)).toBe(2000);
  expect(await rig.rows(victim)).toHaveLength(20);
});

test('where bad rows are expected, a batch of them costs no more statements than a good one', async () => {
  const device = rig.devices[4]!;
  const costOf = async (payload: (n: number) => string, carefully: boolean) => {
    const batch = store.batchOf(device, upTo(100).map(payload));
    statements = 0;
    const { tallies } = await store.store.write(batch, { carefully });
    return { statements, ...totalOf(tallies) };
  };
  const good = await costOf((n) => `{"n":${n}}`, false);
  expect(good).toMatchObject({ stored: 100, rejected: 0 });
  const bad = await costOf((n) => poison({ expected: n }), true);
  expect(bad).toMatchObject({ stored: 0, rejected: 100 });
  expect(bad.statements).toBeLessThanOrEqual(good.statements);
  const mixed = await costOf((n) => (n % 2 ? poison({ mixed: n }) : `{"mixed":${n}}`), true);
  expect(mixed).toMatchObject({ stored: 50, rejected: 50 });
});

test('duplicates of many tenants cost no statements of their own', async () => {
  const devices = rig.devices.slice(0, 2);
  const messages = devices.flatMap((device) =>
    upTo(50).map((n): [LabDevice, string] => [device, `{"ts":${1_795_000_000 + n}}`]),
  );
  await persist(messages);
  const one = await persist(messages.slice(0, 1));
  expect(one).toMatchObject({ stored: 0 });
  const alone = statements;
  expect(await persist(messages)).toMatchObject({ stored: 0, rejected: 0 });
  // One for the status of devices that was noted a moment ago for the other message.
  expect(statements).toBeLessThanOrEqual(alone + 1);
});

/** A trigger that takes longer than a transaction may. */
const slow = (members = {}) => JSON.stringify({ ...members, slow: true });
async function delaySlow(): Promise<void> {
  await rig.admin.query(`
    create function public.delay_slow() returns trigger language plpgsql as $$ begin
      if new.payload ? 'slow' then perform pg_sleep(60); end if;
      return new;
    end $$;
    create trigger delay_slow before insert on public.telemetry for each row execute function public.delay_slow()`);
}

test('a message that takes too long is alone after a few smaller transactions, and set aside; the others are stored', async () => {
  await delaySlow();
  share = 0.05;
  const [hostile, victim] = [rig.devices[1]!, rig.devices.at(-1)!];
  const before = (await rig.rows(victim)).length;
  const messages = upTo(400).map((n): [LabDevice, string] => [victim, `{"slow_test":${n}}`]);
  messages[137] = [hostile, slow({ n: 1 })];
  const result = await persist(messages);
  share = 1;
  expect(result).toMatchObject({ stored: 399, rejected: 1 });
  expect(result.acknowledged).toEqual(upTo(400));
  expect((await rig.rows(victim)).length).toBe(before + 399);
  expect(await rig.deadLetters(hostile)).toMatchObject([
    { reason: 'database-rejected', payload: Buffer.from(slow({ n: 1 })), detail: expect.stringMatching(/^57014/) },
  ]);
  // One of all, 16 parts of it, and of the one that failed 13 more twice: what is left after it is not tried in the same size.
  expect(transactions).toBeLessThan(60);
  const { rows } = await rig.admin.query(
    "select from pg_stat_activity where query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()",
  );
  expect(rows).toEqual([]);
}, 60_000);

test('many such messages of a tenant are not each tried alone', async () => {
  share = 0.02;
  const [hostile, victim] = [rig.devices[2]!, rig.devices.at(-1)!];
  const messages = upTo(300).map((n): [LabDevice, string] => [hostile, slow({ n })]);
  messages[299] = [victim, '{"last":true}'];
  const result = await persist(messages);
  share = 1;
  expect(result).toMatchObject({ stored: 1, rejected: 299 });
  expect(result.acknowledged.toSorted((a, b) => a - b)).toEqual(upTo(300));
  expect(transactions).toBeLessThan(80);
}, 120_000);

test('what cannot become a dead letter either stays on the broker, and only that', async () => {
  await rig.admin.query(`
    create function public.refuse_letter() returns trigger language plpgsql as $$ begin
      if convert_from(new.payload, 'UTF8') like '%unkeepable%' then raise exception 'no' using errcode = 'data_exception'; end if;
      return new;
    end $$;
    create trigger refuse_letter before insert on public.dead_letters for each row execute function public.refuse_letter()`);
  const device = rig.devices[3]!;
  const result = await persist([
    [device, '{"n":1}'],
    [device, '"unkeepable"'],
    [device, '"kept"'],
    [device, '{"n":2}'],
  ]);
  expect(result).toMatchObject({ stored: 2, rejected: 1 });
  expect(result.acknowledged).toEqual([1, 3, 4]);
  expect(result.lines).toContainEqual(
    expect.objectContaining({ level: 'error', msg: expect.stringContaining('stays on the broker') }),
  );
});

test.each(['53100', '40P01', '55P03', '57P01', '25006'])(
  'SQLSTATE %s is not the fault of a message: the same is tried again, however often',
  (code) => {
    expect(blameOf(Object.assign(new pg.DatabaseError('', 0, 'error'), { code }))).toBeUndefined();
  },
);
