// The sets of packages, installed by the real npm in a small project: two local packages, one of them for development.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tryLock } from './lock.mjs';

const run = promisify(execFile);
let project: string;

const at = (path: string) => join(project, path);
const write = (path: string, content: object) => writeFileSync(at(path), JSON.stringify(content));

beforeAll(async () => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'mqtt-saas-packages-test-')));
  cpSync(import.meta.dirname, at('bootstrap'), { recursive: true });
  for (const name of ['needed', 'tool']) {
    mkdirSync(at(name));
    write(`${name}/package.json`, { name, version: '1.0.0' });
  }
  await lock({ version: '1.0.0' });
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

async function lock(more: object): Promise<void> {
  const dependencies = { needed: 'file:needed' };
  write('package.json', { name: 'project', ...more, dependencies, devDependencies: { tool: 'file:tool' } });
  await run('npm', ['install', '--package-lock-only', '--offline'], { cwd: project });
}

/** In a process of its own. @param env another environment. */
function ensure(set: string, env: NodeJS.ProcessEnv = process.env) {
  const program = `import { ensurePackages } from ${JSON.stringify(at('bootstrap/packages.mjs'))}; await ensurePackages('${set}');`;
  return run(process.execPath, ['--input-type=module', '--eval', program], { cwd: project, env });
}

const installed = (name: string) => existsSync(at(`node_modules/${name}/package.json`));

test('the platform gets what it needs; the rest is added to it, once', async () => {
  // A platform's data, whatever it is called.
  mkdirSync(at('.local/npm-cache'), { recursive: true });
  const { stderr } = await ensure('platform');
  expect(stderr).toBe('npm packages ...\n');
  expect([installed('needed'), installed('tool')]).toEqual([true, false]);
  expect(readdirSync(at('.local'))).toEqual(['npm-cache']);

  // The folder that a running platform uses is not made again.
  writeFileSync(at('node_modules/.open'), '');
  await ensure('all');
  expect([installed('needed'), installed('tool'), existsSync(at('node_modules/.open'))]).toEqual([true, true, true]);

  // Neither set needs npm now: this PATH has none.
  for (const set of ['platform', 'all']) expect(await ensure(set, { PATH: '/nowhere' })).toMatchObject({ stderr: '' });
});

test('a new lock file is installed, with the tools if they were installed before', async () => {
  await lock({ version: '2.0.0' });
  await ensure('platform');
  expect([installed('needed'), installed('tool')]).toEqual([true, true]);
  expect(JSON.parse(readFileSync(at('node_modules/.package-lock.json'), 'utf8'))).toMatchObject({ version: '2.0.0' });
});

test('npm’s output is in the error, and nothing counts as installed', async () => {
  await lock({ version: '3.0.0' });
  writeFileSync(at('package.json'), 'not JSON');
  await expect(ensure('platform')).rejects.toThrow(/npm could not install the packages[\s\S]*npm (?:error|ERR!)/);
  mkdirSync(at('.local/.npm-cache'), { recursive: true });
  await expect(ensure('platform')).rejects.toThrow('npm could not install');
  // Finished downloads are not downloaded again.
  expect(existsSync(at('.local/.npm-cache'))).toBe(true);
});

test('packages that a person installed stay', async () => {
  await lock({ version: '4.0.0' });
  await run('npm', ['ci', '--offline'], { cwd: project });
  writeFileSync(at('node_modules/.open'), '');
  const { stderr } = await ensure('platform');
  expect(stderr).toBe('npm packages, for development too ...\n');
  expect([installed('needed'), installed('tool'), existsSync(at('node_modules/.open'))]).toEqual([true, true, true]);
  expect(existsSync(at('.local/.npm-cache'))).toBe(false);

  // Also if the platform's packages were installed first.
  rmSync(at('node_modules'), { recursive: true });
  await ensure('platform');
  await run('npm', ['install', '--offline'], { cwd: project });
  await lock({ version: '5.0.0' });
  await ensure('platform');
  expect(installed('tool')).toBe(true);
});

test('of two simultaneous runs the second waits, says so, and installs what is still missing', async () => {
  rmSync(at('node_modules'), { recursive: true });
  const first = await tryLock(`npm packages of ${project}`);
  const second = ensure('platform');
  const third = ensure('all');
  const waiting = 'npm packages: another command is installing them, waiting for it ...\n';
  const isSaid = ({ child }: typeof second) => new Promise((resolve) => child.stderr?.once('data', resolve));
  await Promise.all([second, third].map(isSaid));
  expect(existsSync(at('node_modules'))).toBe(false);
  first?.close();
  for (const { stderr } of await Promise.all([second, third])) expect(stderr).toContain(waiting);
  expect([installed('needed'), installed('tool')]).toEqual([true, true]);
});
