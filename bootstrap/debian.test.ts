import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ensureDebianPackages, installScript } from './debian.mjs';

const DEBIAN = { platform: 'linux', hasApt: true };

/** Asks for the package as a user who may not install it. Copied, because the checkout may be in a private folder. */
function ensureAsNobody(name: string, system = DEBIAN) {
  const dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-'));
  try {
    const file = join(dir, 'debian.mjs');
    for (const name of ['debian', 'lock', 'progress', 'terminal-line']) {
      copyFileSync(new URL(`./${name}.mjs`, import.meta.url), join(dir, `${name}.mjs`));
    }
    spawnSync('chmod', ['-R', 'a+rX', dir]);
    const program = `import { ensureDebianPackages } from '${file}'; await ensureDebianPackages(['${name}'], ${JSON.stringify(system)});`;
    const words = ['node', '--input-type=module', '--eval', program];
    const isRoot = process.getuid!() === 0;
    const drop = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
    const [command, ...args] = [...drop, ...words];
    // `nobody` may not read the pinned Node's folder; any other user must not find sudo.
    const PATH = isRoot ? '/usr/sbin:/usr/bin:/sbin:/bin' : dirname(process.execPath);
    return spawnSync(command!, args, { encoding: 'utf8', cwd: '/', env: { PATH } });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('a missing package that this user may not install: the error has the one command to run', () => {
  const { status, stderr } = ensureAsNobody('no-such-broker');
  expect(status).toBe(1);
  expect(stderr).toContain('no-such-broker is not installed, and this user may not install packages. Run:');
  expect(stderr).toContain("sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends no-such-broker'");
});

test.skipIf(!existsSync('/usr/bin/dpkg-query'))(
  'each package that a command needs is found once it is installed',
  async () => {
    const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const needed = Object.values(scripts).flatMap((script) => /--needs (\S+)/.exec(script)?.[1]?.split(',') ?? []);
    expect(needed).toContain('btrfs-progs');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
    const { stdout } = spawnSync('dpkg-query', ['--show', '--showformat', '${db:Status-Abbrev}${Package}\n'], {
      encoding: 'utf8',
    });
    const installed = [...new Set(needed)].filter((name) => stdout.includes(`\nii ${name}\n`));
    await ensureDebianPackages(installed, { platform: 'linux', hasApt: false });
  },
);

test('an installed package is not touched', () => {
  expect(ensureAsNobody('mosquitto')).toMatchObject({ status: 0, stderr: '' });
});

test('without apt: no apt-get command, but where the platform runs', () => {
  const { status, stderr } = ensureAsNobody('no-such-broker', { platform: 'linux', hasApt: false });
  expect(status).toBe(1);
  expect(stderr).toContain('no-such-broker is not installed, and this is not Debian or Ubuntu.');
  expect(stderr).toContain('The platform runs on Debian 12 or Ubuntu 22.04 and newer');
  expect(stderr).not.toContain('apt-get');
});

test('another system is refused at once, whatever is installed', () => {
  const { status, stderr } = ensureAsNobody('mosquitto', { platform: 'darwin', hasApt: false });
  expect(status).toBe(1);
  expect(stderr).toContain('This needs Linux. The platform runs on Debian 12 or Ubuntu 22.04 and newer');
});

describe('the hook that keeps services from starting', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mqtt-saas-hook-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Installs with these lines instead of apt-get, in a process group of its own as in a terminal. */
  function install(lines: string) {
    writeFileSync(at('apt-get'), `#!/bin/sh\ncd ${folder}\n${lines}\n`, { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    return spawn('sh', ['-c', installScript(['some-broker'], at('hook'))], { detached: true, stdio: 'ignore', env });
  }

  test('exists meanwhile, and is removed afterwards, whatever apt-get says', async () => {
    for (const code of [0, 100]) {
      const [exit] = await once(install(`./hook; echo $? >said; exit ${code}`), 'close');
      expect(exit).toBe(code);
      expect(readFileSync(at('said'), 'utf8')).toBe('101\n');
      expect(existsSync(at('hook'))).toBe(false);
    }
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const)('is removed after %s', async (signal, code) => {
    const child = install('touch started; exec sleep 60');
    await vi.waitFor(() => expect(existsSync(at('started'))).toBe(true), { timeout: 20_000 });
    expect(existsSync(at('hook'))).toBe(true);
    process.kill(-child.pid!, signal);
    expect(await once(child, 'close')).toEqual([code, null]);
    expect(existsSync(at('hook'))).toBe(false);
  });

  test('left by an earlier run, it is removed now; one of somebody else stays', async () => {
    await once(install('cp hook left'), 'close');
    copyFileSync(at('left'), at('hook'));
    await once(install('exit 0'), 'close');
    expect(existsSync(at('hook'))).toBe(false);
    writeFileSync(at('hook'), '#!/bin/sh\nexit 101\n');
    await once(install('exit 0'), 'close');
    expect(readFileSync(at('hook'), 'utf8')).toBe('#!/bin/sh\nexit 101\n');
  });
});
