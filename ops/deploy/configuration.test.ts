// What the machine's words lead to. The Azure CLI is a stand-in that answers as the REST reference shows; the words are those
// of a machine that was booted (tests/machine).
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { confirmConfiguration } from './configuration.ts';

const bundle = 'a'.repeat(64);
const other = 'b'.repeat(64);
const asked = { subscription: 's', resourceGroup: 'r', machine: 'v', runCommand: 'broker-apply', bundle };
const URL = '/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/v/runCommands/broker-apply';
const patience = { tries: 3, pauseMs: 1 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'az-'));
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.spyOn(console, 'log').mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** An `az` that gives these views, one each time; the last one stays. */
function az(...views: object[]): void {
  views.forEach((instanceView, index) => {
    writeFileSync(join(folder, `answer-${index + 1}`), JSON.stringify({ properties: { instanceView } }));
  });
  const script = `#!/bin/sh
cd ${folder}
echo "$*" >>calls
answer=answer-$(grep -c . calls)
[ -e $answer ] || answer=answer-${views.length}
cat $answer
`;
  writeFileSync(join(folder, 'az'), script);
  chmodSync(join(folder, 'az'), 0o755);
}
const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n');
const succeeded = (output: string) => ({ executionState: 'Succeeded', exitCode: 0, output, error: '' });

test('the line that the machine ends with is believed', async () => {
  az(
    succeeded(
      `broker-apply: bundle ${bundle.slice(0, 12)} is here, and it is the one that was meant\nIN FORCE: ${bundle}\n`,
    ),
  );
  await confirmConfiguration(asked, patience);
  expect(calls()).toEqual([`rest --method get --url ${URL}?$expand=instanceView&api-version=2024-07-01 --output json`]);
});

test.each([
  ['nothing', '', 'It said nothing.'],
  ['another bundle', `IN FORCE: ${other}`, `IN FORCE: ${other}`],
  ['that it is not', `broker-apply: NOT IN FORCE: ${bundle}; in force: ${other}`, `in force: ${other}`],
  ['words around the line', `broker-apply: PROBED: ${bundle}; not IN FORCE: ${bundle}`, 'not IN FORCE'],
])('an exit code of 0 is not, when the machine said %s', async (_, output, shown) => {
  az(succeeded(output));
  const end = confirmConfiguration(asked, patience);
  await expect(end).rejects.toThrow(
    `did not say that bundle ${bundle} is in force, although Azure calls its run command Succeeded`,
  );
  await expect(end).rejects.toThrow(shown);
  expect(calls()).toHaveLength(1);
});

test('a command that has not ended is asked again, for a bounded time', async () => {
  const running = { executionState: 'Running', output: '' };
  az(running, running, succeeded(`IN FORCE: ${bundle}`));
  await confirmConfiguration(asked, patience);
  expect(calls()).toHaveLength(3);
  az(running);
  await expect(confirmConfiguration(asked, patience)).rejects.toThrow('run command Running');
});

test('a run command without a view, and an Azure that does not answer, say what to do', async () => {
  writeFileSync(join(folder, 'az'), '#!/bin/sh\necho "{}"\n');
  chmodSync(join(folder, 'az'), 0o755);
  await expect(confirmConfiguration(asked, patience)).rejects.toThrow('It said nothing.');
  writeFileSync(join(folder, 'az'), '#!/bin/sh\necho "Please run az login" >&2\nexit 1\n');
  await expect(confirmConfiguration(asked, patience)).rejects.toThrow(/sign in .*\n.*Please run az login/s);
  vi.stubEnv('PATH', '/nonexistent');
  await expect(confirmConfiguration(asked, patience)).rejects.toThrow('install the Azure CLI');
});
