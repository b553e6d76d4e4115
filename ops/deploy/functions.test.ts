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

/**
 * An `az` that refuses the first packages with these words, one each, and takes those that come then. Asked for functions, it
 * lists what a timer's binding says: the package that was taken last, or what `running` says of each such question.
 */
function az(refusals: string[], running: string[] = []): void {
  refusals.forEach((words, index) => {
    writeFileSync(join(folder, `refusal-${index + 1}`), words);
  });
  running.forEach((answer, index) => {
    writeFileSync(join(folder, `running-${index + 1}`), answer);
  });
  const script = `#!/bin/sh
cd ${folder}
echo "$*" >> calls
case $* in
*config-zip*)
  refusal=refusal-$(grep -c config-zip calls)
  [ ! -e $refusal ] || { cat $refusal >&2; exit 1; }
  echo '["p"]' > taken ;;
*"function list"*)
  answer=running-$(grep -c "function list" calls)
  [ -e $answer ] || answer=taken
  [ ! -e $answer ] || cat $answer ;;
esac
`;
  writeFileSync(join(folder, 'az'), script);
  chmodSync(join(folder, 'az'), 0o755);
}

const WHAT = { subscription: 'sub', resourceGroup: 'rg', app: 'func-x', package: 'p.zip' };
const PLACE = '--subscription sub --resource-group rg --name func-x';
const LINE = `functionapp deployment source config-zip ${PLACE} --src p.zip --build-remote false`;
const ASK = `functionapp function list ${PLACE} --query [].config.bindings[].packageId --output json`;
const patience = { tries: 3, firstPauseMs: 1, longestPauseMs: 2, answerMs: 60_000 };

test('a package is deployed as it is, without a build over there, and the app asked whether it runs it', async () => {
  az([]);
  await deployFunctions(WHAT, patience);
  expect(calls()).toEqual([LINE, ASK]);
});

test.each([
  'Failed to upload because Azure Storage responded with Forbidden : Response status code does not indicate success: 403',
  'An error occured during deployment. Status Code: 503, Details: Site Unavailable',
])('an app that is not ready yet is waited for: %s', async (answer) => {
  az([answer, answer]);
  await deployFunctions(WHAT, patience);
  expect(calls()).toEqual([LINE, LINE, LINE, ASK]);
});

const PARTLY = 'ERROR: Deployment was partially successful. These are the deployment logs:';
test.each([
  PARTLY,
  '[KuduSpecializer] Kudu has been restarted after package deployed for deployment 034b9835. Kudu Restart Count: 1.',
  'ERROR: Deployment was cancelled and another deployment is in progress.',
])('an interrupted deployment is begun again: %s', async (answer) => {
  az([answer, answer], ['["older"]', '["older"]']);
  await deployFunctions(WHAT, patience);
  expect(calls()).toEqual([LINE, ASK, LINE, ASK, LINE, ASK]);
});

test('unless the app runs the package all the same', async () => {
  az([PARTLY], ['["p"]']);
  await deployFunctions(WHAT, patience);
  expect(calls()).toEqual([LINE, ASK]);
});

test('what the CLI calls a success is none as long as the app runs another package', async () => {
  az([], ['["older"]', '[]']);
  await deployFunctions(WHAT, patience);
  expect(calls()).toEqual([LINE, ASK, ASK, ASK]);
  az([], ['["older"]', '[]', '["older", "older"]'].flatMap((each) => [each, each]).slice(0, 6));
  rmSync(join(folder, 'calls'));
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow('func-x does not run p but');
  expect(calls()).toEqual([LINE, ASK, ASK, ASK]);
});

test('nor when it cannot be asked', async () => {
  az([]);
  const script = readFileSync(join(folder, 'az'), 'utf8').replace('answer=running', 'echo unavailable >&2; exit 1; #');
  writeFileSync(join(folder, 'az'), script);
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow('func-x does not say what it runs: unavailable');
});

test('a refused deployment is no success for want of a list', async () => {
  az([PARTLY, PARTLY, PARTLY], ['{}', '{}', '{}']);
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow(`func-x did not take the package:\n${PARTLY}`);
});

const NO_ROLE =
  "(AuthorizationFailed) The client 'x' does not have authorization to perform action 'Microsoft.Web/sites/publish/Action'";
test.each([NO_ROLE, 'An error occured during deployment. Status Code: 403, Details: Forbidden'])(
  'who may not deploy is told what to grant, after one upload: %s',
  async (answer) => {
    az([answer, answer, answer]);
    const granted =
      'may not deploy to func-x: grant them Website Contributor (or Contributor) on the resource group rg';
    await expect(deployFunctions(WHAT, patience)).rejects.toThrow(granted);
    expect(calls()).toEqual([LINE]);
  },
);

test('so is who may not list functions, after one question', async () => {
  az([]);
  const script = readFileSync(join(folder, 'az'), 'utf8').replace('answer=running', `echo "${NO_ROLE}" >&2; exit 1; #`);
  writeFileSync(join(folder, 'az'), script);
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow('may not list the functions of func-x: grant them');
  expect(calls()).toEqual([LINE, ASK]);
});

test('what nobody can see is not called running', async () => {
  az([], ['WARNING: no list']);
  await deployFunctions(WHAT, patience);
  expect(console.log).toHaveBeenCalledWith(
    'func-x has taken p.zip; it has no list of its functions, so nobody knows whether it runs it',
  );
});

test('a CLI that gives no answer is ended', async () => {
  az([]);
  writeFileSync(join(folder, 'az'), '#!/bin/sh\nexec sleep 30');
  const gaveUp = 'az functionapp deployment source config-zip gave no answer for func-x in 0.2 s';
  await expect(deployFunctions(WHAT, { ...patience, answerMs: 200 })).rejects.toThrow(gaveUp);
});

test('nobody waits for ever', async () => {
  az(['Status Code: 503', 'Status Code: 503', 'Status Code: 503']);
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow('func-x did not take the package:\nStatus Code: 503');
  expect(calls()).toHaveLength(3);
});

test('anything else fails at once, with what the CLI said', async () => {
  az(['Deployment was successful but the app appears to be unhealthy.']);
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow(/did not take.*\n.*appears to be unhealthy/);
  expect(calls()).toHaveLength(1);
});

test('who is not signed in is told how', async () => {
  az(["Please run 'az login' to setup account."]);
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow('is not signed in: az login');
});

test('the command takes the package from the environment, as pulumi up gives it', () => {
  az([]);
  const main = join(import.meta.dirname, '../main.ts');
  const args = ['deploy', 'functions', '--subscription', 'sub', '--resource-group', 'rg', '--app', 'func-x'];
  const run = (env: NodeJS.ProcessEnv) => spawnSync(process.execPath, [main, ...args], { env, encoding: 'utf8' });
  expect(run({ ...process.env, FUNCTIONS_PACKAGE: 'p.zip' })).toMatchObject({
    status: 0,
    stdout: 'func-x runs p.zip\n',
  });
  expect(calls()).toEqual([LINE, ASK]);
  expect(run(process.env)).toMatchObject({ status: 2, stderr: expect.stringContaining('--package <file>') });
  rmSync(join(folder, 'az'));
  const none = run({ ...process.env, FUNCTIONS_PACKAGE: 'p.zip', PATH: folder });
  expect(none).toMatchObject({ status: 1, stderr: expect.stringContaining('the az command was not found: install') });
  writeFileSync(join(folder, 'az'), '', { mode: 0o644 });
  const closed = run({ ...process.env, FUNCTIONS_PACKAGE: 'p.zip', PATH: folder });
  expect(closed).toMatchObject({ status: 1, stderr: 'error: az did not start: spawnSync az EACCES\n' });
});
