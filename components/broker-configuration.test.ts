// What the run command's script makes of what broker-apply says and ends with; the script runs, with a stand-in in the program's place.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { script } from './broker-configuration.ts';

const folder = mkdtempSync(join(tmpdir(), 'run-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

const hash = 'a'.repeat(64);

/** Runs it against an applier of these lines of shell. */
function run(applier: string) {
  const program = join(folder, 'broker-apply');
  writeFileSync(program, `#!/bin/sh\n${applier}\n`);
  writeFileSync(join(folder, 'cloud-init'), '#!/bin/sh\n');
  for (const name of [program, join(folder, 'cloud-init')]) chmodSync(name, 0o755);
  const text = script('https://st.blob.core.windows.net/broker-bundles', hash).replace(
    '/usr/local/sbin/broker-apply',
    program,
  );
  return spawnSync('/bin/sh', ['-c', text], { encoding: 'utf8', env: { PATH: `${folder}:/usr/bin:/bin` } });
}

test('it succeeds with the line that names this bundle, and prints all that was said', () => {
  const { status, stdout } = run(`[ "$*" = "--from https://st.blob.core.windows.net/broker-bundles ${hash}" ] || exit 9
echo words >&2; echo "IN FORCE: ${hash}"`);
  expect([status, stdout]).toEqual([0, `words\nIN FORCE: ${hash}\n`]);
});

test.each([
  ['that is empty', 'exit 0', 4],
  ['that names another bundle', `echo "IN FORCE: ${'b'.repeat(64)}"`, 4],
  ['that says it in passing', `echo "not IN FORCE: ${hash}"`, 4],
  ['that refuses', 'echo "REFUSED"; exit 1', 1],
  ['that fails after the line', `echo "IN FORCE: ${hash}"; exit 3`, 3],
])('it fails with an applier %s', (_, applier, code) => {
  expect(run(applier).status).toBe(code);
});
