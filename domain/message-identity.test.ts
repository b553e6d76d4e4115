import { expect, test } from 'vitest';
import { bucketedId, contentHash } from './message-identity.ts';

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
