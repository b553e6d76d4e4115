// What is said to the Azure CLI, and what its answers lead to. The CLI is a stand-in: the real one needs an account.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deployFunctions } from './functions.ts';

let folder: string;
let calls: () => string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'az-'));
  calls = () => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n');
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.spyOn(console, 'log').mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** An `az` that says these things, one a call, and succeeds from then on. */
function az(...answers: string[]): void {
  answers.forEach((answer, index) => {
    writeFileSync(join(folder, `answer-${index + 1}`), answer);
  });
  const script = `#!/bin/sh
echo "$*" >> ${folder}/calls
answer=${folder}/answer-$(wc -l < ${folder}/calls | tr -d ' ')
[ ! -e "$answer" ] || { cat "$answer" >&2; exit 1; }
`;
  writeFileSync(join(folder, 'az'), script);
  chmodSync(join(folder, 'az'), 0o755);
}

const WHAT = { subscription: 'sub', resourceGroup: 'rg', app: 'func-x', package: 'p.zip' };
const LINE =
  'functionapp deployment source config-zip --subscription sub --resource-group rg --name func-x --src p.zip --build-remote false';
const patience = { tries: 3, pauseMs: 1 };

test('a package is deployed as it is, without a build over there', async () => {
  az();
  await deployFunctions(WHAT, patience);
  expect(calls()).toEqual([LINE]);
});

test.each([
  'Failed to upload because Azure Storage responded with Forbidden : Response status code does not indicate success: 403',
  'An error occured during deployment. Status Code: 503, Details: Site Unavailable',
])('an app that is not ready yet is waited for: %s', async (answer) => {
  az(answer, answer);
  await deployFunctions(WHAT, patience);
  expect(calls()).toEqual([LINE, LINE, LINE]);
});

test('but not for ever', async () => {
  az('Status Code: 503', 'Status Code: 503', 'Status Code: 503');
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow('func-x did not take the package:\nStatus Code: 503');
  expect(calls()).toHaveLength(3);
});

test('anything else fails at once, with what the CLI said', async () => {
  az('Deployment was successful but the app appears to be unhealthy.');
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow(/did not take.*\n.*appears to be unhealthy/);
  expect(calls()).toHaveLength(1);
});

test('who is not signed in is told how', async () => {
  az("Please run 'az login' to setup account.");
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow('is not signed in: az login');
});

test('the command takes the package from the environment, as pulumi up gives it', () => {
  az();
  const main = join(import.meta.dirname, '../main.ts');
  const args = ['deploy', 'functions', '--subscription', 'sub', '--resource-group', 'rg', '--app', 'func-x'];
  const run = (env: NodeJS.ProcessEnv) => spawnSync(process.execPath, [main, ...args], { env, encoding: 'utf8' });
  expect(run({ ...process.env, FUNCTIONS_PACKAGE: 'p.zip' })).toMatchObject({
    status: 0,
    stdout: 'func-x runs p.zip\n',
  });
  expect(calls()).toEqual([LINE]);
  expect(run(process.env)).toMatchObject({ status: 2, stderr: expect.stringContaining('--package <file>') });
  rmSync(join(folder, 'az'));
  const none = run({ ...process.env, FUNCTIONS_PACKAGE: 'p.zip', PATH: folder });
  expect(none).toMatchObject({ status: 1, stderr: expect.stringContaining('the az command was not found: install') });
  writeFileSync(join(folder, 'az'), '', { mode: 0o644 });
  const closed = run({ ...process.env, FUNCTIONS_PACKAGE: 'p.zip', PATH: folder });
  expect(closed).toMatchObject({ status: 1, stderr: 'error: az did not start: spawnSync az EACCES\n' });
});
