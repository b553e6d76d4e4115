// Which fetched batches a transaction's end takes away.
import { expect, test } from 'vitest';
import { dropAborted, type FetchedBatch } from './read-committed.ts';

const marker = (isCommit: boolean) => [{ key: Buffer.from([0, 0, 0, isCommit ? 1 : 0]) }];
const batch = (producer: number, firstOffset: number, what: 'data' | 'abort' | 'commit' | 'plain'): FetchedBatch => ({
  producerId: BigInt(producer),
  firstOffset: BigInt(firstOffset),
  lastOffsetDelta: what === 'data' || what === 'plain' ? 9 : 0,
  attributes: { data: 0x10, plain: 0, abort: 0x30, commit: 0x30 }[what],
  records: what === 'abort' || what === 'commit' ? marker(what === 'commit') : [{ key: null }],
});
/** The offsets of the batches whose records are left. */
const left = (records: FetchedBatch[], ...aborted: [producer: number, firstOffset: number][]) => {
  const abortedTransactions = aborted.map(([producer, offset]) => ({
    producerId: BigInt(producer),
    firstOffset: BigInt(offset),
  }));
  dropAborted({ records, abortedTransactions });
  return records
    .filter((each) => each.records.length > 0 && !(each.attributes & 0x20))
    .map((each) => Number(each.firstOffset));
};

test('of a producer that has aborted twice, both are left out, and what it has committed between them is not', () => {
  const records = [
    batch(1, 0, 'data'),
    batch(1, 10, 'abort'),
    batch(1, 11, 'data'),
    batch(1, 21, 'commit'),
    batch(1, 22, 'data'),
    batch(1, 32, 'abort'),
  ];
  expect(left(records, [1, 0], [1, 22])).toEqual([11]);
});

test('one whose marker is in a later fetch is left out, and its batch stays: the consumer must get past it', () => {
  const records = [batch(2, 0, 'plain'), batch(1, 10, 'data'), batch(1, 20, 'data')];
  expect(left(records, [1, 10])).toEqual([0]);
  expect(records).toHaveLength(3);
});

test('others’ records between its own are read, with or without a transaction', () => {
  const records = [batch(1, 0, 'data'), batch(2, 10, 'data'), batch(3, 20, 'plain'), batch(1, 30, 'abort')];
  expect(left(records, [1, 0])).toEqual([10, 20]);
});

test('one that began before the fetch is left out, too', () => {
  expect(left([batch(1, 50, 'data'), batch(1, 60, 'abort'), batch(1, 61, 'data')], [1, 3])).toEqual([61]);
});
