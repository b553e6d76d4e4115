import { expect, test } from 'vitest';
import { slugFrom, slugProblem } from './slug.ts';

test.each([
  ['Cold room, 2nd floor', 'cold-room-2nd-floor'],
  ['  Zürich – Süd ', 'zurich-sud'],
  ['-.-', ''],
  ['x'.repeat(80), 'x'.repeat(63)],
])('a slug from %j', (name, slug) => {
  expect(slugFrom(name)).toBe(slug);
  if (slug) expect(slugProblem(slug)).toBeUndefined();
});

test.each(['', '-a', 'A', 'a.b', 'a/b', 'a b', 'x'.repeat(64)])('%j is not a slug', (slug) => {
  expect(slugProblem(slug)).toMatch(/^Use 1 to 63/);
});
