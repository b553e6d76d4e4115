// The connection that a reader is told, from the operator's own.
import { expect, test } from 'vitest';
import { connectionLine } from './reader.ts';

test.each([
  ['postgres://postgres:secret@127.0.0.1:5432/postgres', 'postgres://reader_1:its-own@127.0.0.1:5432/postgres'],
  [
    'postgresql://postgres.abcd:secret@eu.pooler.supabase.com:6543/postgres?sslmode=verify-full',
    'postgresql://reader_1.abcd:its-own@eu.pooler.supabase.com:5432/postgres?sslmode=verify-full',
  ],
])('beside %s', (database, line) => {
  expect(connectionLine(database, 'reader_1', 'its-own')).toBe(line);
});
