// What the Azure CLI is asked, and the reactions to its answers. The CLI is a stand-in: the real one needs an account.
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
 * An `az` that refuses the first packages with these messages, one each, and accepts later ones. Asked for functions, it lists what a
 * timer's binding reports: the package accepted last, or what `running` gives for each such question.
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

test('a package is deployed as it is, without a remote build, and the app is asked whether it runs it', async () => {
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
])('an interrupted deployment is started again: %s', async (answer) => {
  az([answer, answer], ['["older"]', '["older"]']);
  await deployFunctions(WHAT, patience);
  expect(calls()).toEqual([LINE, ASK, LINE, ASK, LINE, ASK]);
});

test('unless the app runs the package anyway', async () => {
  az([PARTLY], ['["p"]']);
  await deployFunctions(WHAT, patience);
  expect(calls()).toEqual([LINE, ASK]);
});

test('a success according to the CLI does not count while the app runs another package', async () => {
  az([], ['["older"]', '[]']);
  await deployFunctions(WHAT, patience);
  expect(calls()).toEqual([LINE, ASK, ASK, ASK]);
  az([], ['["older"]', '[]', '["older", "older"]'].flatMap((each) => [each, each]).slice(0, 6));
  rmSync(join(folder, 'calls'));
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow('func-x does not run p but');
  expect(calls()).toEqual([LINE, ASK, ASK, ASK]);
});

test('nor if it cannot be asked', async () => {
  az([]);
  const script = readFileSync(join(folder, 'az'), 'utf8').replace('answer=running', 'echo unavailable >&2; exit 1; #');
  writeFileSync(join(folder, 'az'), script);
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow('func-x does not say what it runs: unavailable');
});

test('a refused deployment is not a success just because there is no list', async () => {
  az([PARTLY, PARTLY, PARTLY], ['{}', '{}', '{}']);
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow(`func-x did not accept the package:\n${PARTLY}`);
});

const NO_ROLE =
  "(AuthorizationFailed) The client 'x' does not have authorization to perform action 'Microsoft.Web/sites/publish/Action'";
test.each([NO_ROLE, 'An error occured during deployment. Status Code: 403, Details: Forbidden'])(
  'somebody who may not deploy is told which role to grant, after one upload: %s',
  async (answer) => {
    az([answer, answer, answer]);
    const granted = 'may not deploy to func-x: grant it Website Contributor (or Contributor) on the resource group rg';
    await expect(deployFunctions(WHAT, patience)).rejects.toThrow(granted);
    expect(calls()).toEqual([LINE]);
  },
);

test('so is somebody who may not list functions, after one question', async () => {
  az([]);
  const script = readFileSync(join(folder, 'az'), 'utf8').replace('answer=running', `echo "${NO_ROLE}" >&2; exit 1; #`);
  writeFileSync(join(folder, 'az'), script);
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow('may not list the functions of func-x: grant it');
  expect(calls()).toEqual([LINE, ASK]);
});

test('what cannot be checked is not reported as running', async () => {
  az([], ['WARNING: no list']);
  await deployFunctions(WHAT, patience);
  expect(console.log).toHaveBeenCalledWith(
    'func-x has accepted p.zip; it has no list of its functions, so it is not known whether it runs the package',
  );
});

test('a CLI that gives no answer is stopped', async () => {
  az([]);
  writeFileSync(join(folder, 'az'), '#!/bin/sh\nexec sleep 30');
  const gaveUp = 'az functionapp deployment source config-zip gave no answer in 0.2 s: check func-x';
  await expect(deployFunctions(WHAT, { ...patience, answerMs: 200 })).rejects.toThrow(gaveUp);
});

test('waiting has an end', async () => {
  az(['Status Code: 503', 'Status Code: 503', 'Status Code: 503']);
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow('func-x did not accept the package:\nStatus Code: 503');
  expect(calls()).toHaveLength(3);
});

test('any other failure ends it at once, with the CLI’s message', async () => {
  az(['Deployment was successful but the app appears to be unhealthy.']);
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow(/did not accept.*\n.*appears to be unhealthy/);
  expect(calls()).toHaveLength(1);
});

test('somebody who is not signed in is told how', async () => {
  az(["Please run 'az login' to setup account."]);
  await expect(deployFunctions(WHAT, patience)).rejects.toThrow('is not signed in: az login');
});

test('the command reads the package from the environment, where pulumi up puts it', () => {
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
