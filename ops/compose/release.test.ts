// Releases and secrets of a Compose project, with a stand-in for Docker that writes its calls down and says what the test tells it to
// (tests/docker has the real one): readable images, a way back from a switch that is cut short, newer bases, changed secrets.
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { SERVICE_NAMES } from '../../provisioning/compose/project.ts';
import { writeRelease } from '../render.ts';
import { composeTarget } from '../target/compose.ts';
import { buildImages, outdatedServices } from './start.ts';
import { rollBack } from './update.ts';

const asRoot = test.skipIf(process.getuid?.() !== 0);
const folder = mkdtempSync(join(tmpdir(), 'compose-release-'));
const target = composeTarget(`compose:${folder}`);
const said = join(folder, 'said');
const calls = join(folder, 'calls');
const path = process.env.PATH;
const silent = () => {};

writeFileSync(
  join(folder, 'docker'),
  `#!/bin/sh
echo "$(readlink ${folder}/current) $(readlink ${folder}/former) $*" >>${calls}
case "$*" in
  *' up '*) exit "$(cat ${said}/up)" ;;
  'ps --all '*) cat ${said}/containers ;;
  'ps --quiet '*) echo id ;;
  'inspect '*) cat ${said}/started ;;
  'image ls '*) echo id ;;
  'image inspect '*) cat ${said}/base ;;
esac
`,
  { mode: 0o755 },
);
const tell = (name: string, text: string) => writeFileSync(join(said, name), text);
const called = (pattern: RegExp) =>
  readFileSync(calls, 'utf8')
    .split('\n')
    .filter((line) => pattern.test(line));

beforeEach(() => {
  process.env.PATH = `${folder}:${path}`;
  mkdirSync(said, { recursive: true });
  writeFileSync(calls, '');
  for (const id of ['a', 'b']) mkdirSync(join(folder, 'releases', id), { recursive: true });
  target.project.link('current', 'a');
  target.project.link('former', 'b');
  tell('up', '0');
  tell('base', 'debian@sha256:1\n');
  tell('containers', SERVICE_NAMES.map((name) => `${name}\trunning\tUp (healthy)\n`).join(''));
  writeFileSync(
    join(folder, '.env'),
    'PLATFORM_HOST=platform.example.test\nBASE_IMAGE=debian@sha256:1\nDATA_NETWORK=172.30.83\n',
  );
});
afterAll(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

test('a release can be read by the users of containers, whatever the umask of who renders it', () => {
  const umask = process.umask(0o077);
  try {
    const image = [{ path: 'app/bin/node', content: Buffer.from('#!'), executable: true }];
    writeRelease({ id: 'c', compose: '', sources: '', image }, join(folder, 'releases/c'));
    expect(process.umask()).toBe(0o077);
  } finally {
    process.umask(umask);
  }
  for (const name of ['image', 'image/app', 'image/app/bin', 'image/app/bin/node'])
    expect(statSync(join(folder, 'releases/c', name)).mode & 0o777, name).toBe(0o755);
});

test('a switch that is cut short has a way back', async () => {
  await rollBack(target, 1, silent);
  expect(called(/ up /)).toEqual([expect.stringMatching(/^releases\/b releases\/a /)]);
  expect(readlinkSync(join(folder, 'former'))).toBe('releases/a');
});

test('a switch that fails leaves both releases as they were', async () => {
  tell('up', '1');
  await expect(rollBack(target, 1, silent)).rejects.toThrow();
  expect(readlinkSync(join(folder, 'current'))).toBe('releases/a');
  expect(readlinkSync(join(folder, 'former'))).toBe('releases/b');
});

test('images are built again on another base, and only then', () => {
  buildImages(target, 'a', silent);
  expect(called(/ build /)).toEqual([]);
  tell('base', 'debian@sha256:0\n');
  buildImages(target, 'a', silent);
  expect(called(/ build .*--label mqtt-saas.base=debian@sha256:1 --target broker /)).toHaveLength(1);
});

asRoot('a secret that somebody has put there is for the containers that use it, once', async () => {
  const { secrets } = target;
  await secrets.ensure('platform.example.test', '172.30.83.2');
  const start = () => {
    const at = new Date(secrets.changedAt('questions.key') + 5).toISOString().replace('Z', '456789Z');
    tell('started', SERVICE_NAMES.map((name) => `${name}\t${at}\n`).join(''));
  };
  start();
  // After that time: what is touched now would be newer.
  await sleep(20);
  await secrets.ensure('platform.example.test', '172.30.83.2');
  expect(outdatedServices(target)).toEqual([]);
  await expect
    .poll(() => {
      writeFileSync(join(secrets.folder, 'questions.key'), 'another');
      return outdatedServices(target);
    })
    .toEqual(['worker']);
  start();
  expect(outdatedServices(target)).toEqual([]);
});
