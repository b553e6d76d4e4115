// Which applier a machine starts: the one of the first release that is whole, however the others are broken.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pack } from './bundle/bundle.ts';
import { programsFolder } from './bundle/testing/programs.ts';

const APPLIER = 'bin/broker-apply.py';
const names = { current: 'a'.repeat(64), former: 'b'.repeat(64) };

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'applier-'));
  cpSync(programsFolder(), join(home, 'bootstrap'), { recursive: true });
  replaceIn(join(home, 'bootstrap/contract.json'));
  writeFileSync(join(home, 'bootstrap', APPLIER), says('the first boot'));
  for (const [link, hash] of Object.entries(names)) {
    write(hash, says(link));
    symlinkSync(join(home, 'releases', hash), join(home, link));
  }
  writeFileSync(join(home, 'broker-apply'), readFileSync(new URL('./broker-apply.py', import.meta.url)));
  replaceIn(join(home, 'broker-apply'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** As on a machine, with the test's folder in place of the platform's. */
function replaceIn(file: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('/opt/mqtt-saas', home));
}

const says = (who: string) => `#!/bin/sh\necho "${who}: $*"\n`;

/** A release with this applier. */
function write(hash: string, applier: string): void {
  for (const { path, content } of pack([{ path: APPLIER, content: Buffer.from(applier), executable: true }]).files) {
    const file = join(home, 'releases', hash, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, 0o755);
  }
}

function start(): string[] {
  const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-B', join(home, 'broker-apply'), '--boot', 'x y'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n');
}
const empty = (link: keyof typeof names) => truncateSync(join(home, link, APPLIER));

it('is the one of the release in force', () => {
  expect(start()).toEqual(['current: --boot x y']);
});

it('is the former one’s when the release in force is not whole, and that is said', () => {
  empty('current');
  expect(start()).toEqual([
    `broker-apply: NOT WHOLE: ${names.current}: ${APPLIER} is not what was packed`,
    'former: --boot x y',
  ]);
});

it('is the former one’s when the other one is whole and does not start', () => {
  for (const applier of ['#!/bin/sh\nexit 1\n', '#!/bin/sh\n']) {
    write(names.current, applier);
    expect(start()).toEqual([`broker-apply: ${names.current}'s applier does not start`, 'former: --boot x y']);
  }
});

it('is the first boot’s when none is whole, or there is none yet', () => {
  empty('current');
  empty('former');
  expect(start().at(-1)).toBe('the first boot: --boot x y');
  rmSync(join(home, 'former'));
  rmSync(join(home, 'current'));
  symlinkSync(join(home, 'bootstrap'), join(home, 'current'));
  expect(start()).toEqual(['the first boot: --boot x y']);
});
