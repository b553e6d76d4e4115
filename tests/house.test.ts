// The measurement of the house measures something: every way is still found, a lost one is noticed, and lines are counted once.
import { expect, it } from 'vitest';
import { filesOf, type House, linesByRoom, median, readHouse } from './house.ts';
import { WAYS } from './ways.ts';

const house = readHouse();
const made = (files: Record<string, string>): House => new Map(Object.entries(files));

it.each(Object.entries(WAYS))('%s', (_, steps) => {
  const files = filesOf(house, steps);
  expect(files.length).toBeGreaterThan(3);
  expect(new Set(files).size).toBe(files.length);
});

it('opens a file once, and only one that is joined to what is open', () => {
  const joined = made({
    'domain/a.ts': "import { b } from './b.ts';\nexport const a = b;\n",
    'domain/b.ts': 'export const b = 1;\n',
    'domain/b.test.ts': "import './c.ts';\nexport const c = 1;\n",
    'domain/c.ts': 'export const c = 1;\n',
  });
  const [a, b, c] = [/^export const a\b/m, /^export const b\b/m, /^export const c\b/m];
  expect(filesOf(joined, [a, b, a])).toEqual(['domain/a.ts', 'domain/b.ts']);
  expect(() => filesOf(joined, [a, b, c])).toThrow('domain/c.ts is joined to none of domain/a.ts, domain/b.ts');
  expect(filesOf(joined, [a, 'border', c])).toEqual(['domain/a.ts', 'domain/c.ts']);
  expect(() => filesOf(joined, [/^export const d\b/m])).toThrow('nothing defines');
});

it('tells code from tests and from what serves tests', () => {
  const files = { 'ops/a.ts': '1\n2\n', 'ops/a.test.ts': '1\n', 'ops/testing/b.ts': '1\n', 'tests/c.ts': '1\n' };
  expect(Object.fromEntries(linesByRoom(made(files)))).toEqual({
    ops: { code: 2, test: 1, support: 1 },
    tests: { code: 0, test: 0, support: 1 },
  });
});

it('takes the middle', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});
