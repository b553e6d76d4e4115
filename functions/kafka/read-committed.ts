// Leaves out what aborted transactions wrote. Kafka sends it to every consumer, with a list of those transactions.
// The client's own filter (@platformatic/kafka 2.12.1, consumer.ts, filterUncommittedMessages) lets records pass when the fetch ends before
// the transaction's marker, and when one producer has aborted twice in a fetch.

/** The part of a fetched partition that is looked at. */
export interface FetchedPartition {
  records?: FetchedBatch[] | undefined;
  abortedTransactions?: readonly { producerId: bigint; firstOffset: bigint }[] | null | undefined;
}

/** Records that one producer has sent together. */
export interface FetchedBatch {
  attributes: number;
  producerId: bigint;
  firstOffset: bigint;
  lastOffsetDelta: number;
  records: readonly { key: Buffer | null }[];
}

/** Bits of a batch's attributes (https://kafka.apache.org/documentation/#recordbatch). */
const IS_TRANSACTIONAL = 0x10;
const IS_CONTROL = 0x20;
/** Of a control record's key: the version, then the type; 0 ends an aborted transaction, 1 a committed one. */
const ABORT = 0;

/** Empties the batches of aborted transactions. They stay themselves: the consumer takes from the last one how far it has read. */
export function dropAborted({ records, abortedTransactions }: FetchedPartition): void {
  const transactions = [...(abortedTransactions ?? [])].sort((one, other) =>
    Number(one.firstOffset - other.firstOffset),
  );
  if (records === undefined || transactions.length === 0) return;
  const aborting = new Set<bigint>();
  for (const batch of records) {
    const lastOffset = batch.firstOffset + BigInt(batch.lastOffsetDelta);
    while (transactions[0] && transactions[0].firstOffset <= lastOffset) {
      aborting.add(transactions[0].producerId);
      transactions.shift();
    }
    if (batch.attributes & IS_CONTROL) {
      if (batch.records[0]?.key?.readInt16BE(2) === ABORT) aborting.delete(batch.producerId);
    } else if (batch.attributes & IS_TRANSACTIONAL && aborting.has(batch.producerId)) batch.records = [];
  }
}
