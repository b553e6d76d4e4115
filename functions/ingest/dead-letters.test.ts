// What of a dead letter is written, without a database.
import type { Client } from 'pg';
import { expect, test } from 'vitest';
import type { Delivery } from '../source/delivery.ts';
import type { DeadLetter } from './batch.ts';
import { keepDeadLetters } from './dead-letters.ts';
import { keptTopic } from './row.ts';

test('a topic is stored up to the length of a device’s own: a long one cannot fill the table', async () => {
  const written: unknown[][] = [];
  const client = { query: async (_: string, values: unknown[]) => written.push(values) } as unknown as Client;
  const letter = (topic: string) =>
    ({
      delivery: { topic, receivedAt: 0 },
      topic: keptTopic({ topic } as Delivery),
      sent: { payload: Buffer.from('x') },
      reason: 'bad-topic',
      detail: '',
    }) as unknown as DeadLetter;
  await keepDeadLetters(client, [
    letter(`devices/abc/${'"'.repeat(4000)}1`),
    letter(`devices/abc/${'"'.repeat(4000)}2`),
  ]);
  const [, , topics, , , , , , fingerprints] = written[0] as string[][];
  expect(topics!.map(({ length }) => length)).toEqual([1024, 1024]);
  // Two messages that differ behind the cut are two letters.
  expect(new Set(fingerprints)).toHaveProperty('size', 2);
});
