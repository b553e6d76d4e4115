// Runs the unit tests of the machine's programs (test_*.py beside this file) with the programs and their contract as they are deployed.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { programsFolder } from '../testing/programs.ts';

const FILES = readdirSync(import.meta.dirname).filter((name) => /^test_.*\.py$/.test(name));

it.each(FILES)('%s', (file) => {
  const { stderr, status } = spawnSync('/usr/bin/python3', ['-B', '-m', 'unittest', file.replace('.py', '')], {
    cwd: import.meta.dirname,
    env: { ...process.env, PYTHONPATH: join(programsFolder(), 'bin') },
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  expect(stderr).toMatch(/^Ran [1-9]\d* tests? /m);
});
