import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { logEnd } from './log-end.ts';
import { makeScratchDir } from './unprivileged.ts';

test('the last five lines, each indented, and nothing of a file that is not there', () => {
  const dir = makeScratchDir();
  const file = join(dir, 'log');
  expect(logEnd(file)).toBe(`its log (${file}) ends with:\n  `);
  writeFileSync(file, '1\n2\n3\n4\n5\n6\n7\n');
  expect(logEnd(file)).toBe(`its log (${file}) ends with:\n  3\n  4\n  5\n  6\n  7`);
  rmSync(dir, { recursive: true });
});
