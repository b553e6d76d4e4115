import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './root.mjs';

test('a program without options says what it does, and does nothing', () => {
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'tests/lint-workflows.ts'), '--help'], {
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/^`npm run lint:workflows`: actionlint over .github[^/]*says so and passes\.\n$/),
  ]);
});
