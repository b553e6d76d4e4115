// The list in docs/reference/policies.md must match the rules.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RULES } from '../pack.ts';
import { shippedExceptions } from '../testing/snapshot.ts';
import { PAGE, page } from './page.ts';

test('docs/reference/policies.md is what `node bootstrap/run.mjs policies/page/write.ts` makes', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(page(RULES));
});

test('ids and names are unique, and every rule names a page it can be checked against', () => {
  expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
  expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
  for (const { id, sources } of RULES) expect(sources.join(), id).toMatch(/https:\/\//);
});

test('the exceptions that ship are well-formed', () => {
  expect(shippedExceptions(RULES).problems).toEqual([]);
});
