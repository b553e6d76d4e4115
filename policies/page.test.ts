// docs/policies.md is what a reader knows of the pack: every rule must be on it, word for word.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RULES } from './pack.ts';

const page = readFileSync(new URL('../docs/policies.md', import.meta.url), 'utf8');

test.each(RULES)(
  'docs/policies.md tells all of $id $name',
  ({ id, name, phase, severity, enforcement, demand, reason, fix }) => {
    const section = page.split('\n### ').find((text) => text.startsWith(`${id} \`${name}\``));
    expect(section).toContain(`${enforcement}, ${severity}, phase ${phase}`);
    expect(section).toContain(demand);
    expect(section).toContain(reason);
    expect(section).toContain(fix);
  },
);

test('docs/policies.md has no rule that the pack lacks, and ids and names are unique', () => {
  const listed = [...page.matchAll(/^### (\S+) `([^`]+)`/gm)].map(([, id, name]) => `${id} ${name}`);
  expect(listed).toEqual(RULES.map(({ id, name }) => `${id} ${name}`));
  expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
  expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
});
