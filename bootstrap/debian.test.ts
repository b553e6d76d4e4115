import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const DEBIAN = { platform: 'linux', hasApt: true };

/** Asks for the package as somebody who may not install it. Copied, because a checkout may lie in a private folder. */
function ensureAsNobody(name: string, system = DEBIAN) {
  const dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-'));
  try {
    const file = join(dir, 'debian.mjs');
    for (const name of ['debian', 'progress', 'terminal-line']) {
      copyFileSync(new URL(`./${name}.mjs`, import.meta.url), join(dir, `${name}.mjs`));
    }
    spawnSync('chmod', ['-R', 'a+rX', dir]);
    const program = `import { ensureDebianPackages } from '${file}'; await ensureDebianPackages(['${name}'], ${JSON.stringify(system)});`;
    const words = ['node', '--input-type=module', '--eval', program];
    const isRoot = process.getuid!() === 0;
    const drop = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
    const [command, ...args] = [...drop, ...words];
    // Nobody may not look where the pinned Node lies; and who is somebody must not find sudo.
    const PATH = isRoot ? '/usr/sbin:/usr/bin:/sbin:/bin' : dirname(process.execPath);
    return spawnSync(command!, args, { encoding: 'utf8', cwd: '/', env: { PATH } });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('a missing package that this user may not install: the one command to run', () => {
  const { status, stderr } = ensureAsNobody('no-such-broker');
  expect(status).toBe(1);
  expect(stderr).toContain('no-such-broker is not installed, and this user may not install packages. Run:');
  expect(stderr).toContain("sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends no-such-broker'");
});

test('a package that is there is left alone', () => {
  expect(ensureAsNobody('mosquitto')).toMatchObject({ status: 0, stderr: '' });
});

test('where there is no apt: no apt-get, but where the platform runs', () => {
  const { status, stderr } = ensureAsNobody('no-such-broker', { platform: 'linux', hasApt: false });
  expect(status).toBe(1);
  expect(stderr).toContain('no-such-broker is not installed, and this is not Debian or Ubuntu.');
  expect(stderr).toContain('The platform runs on Debian 12 or Ubuntu 22.04 and newer');
  expect(stderr).not.toContain('apt-get');
});

test('on another system it is said at once, whatever is installed', () => {
  const { status, stderr } = ensureAsNobody('mosquitto', { platform: 'darwin', hasApt: false });
  expect(status).toBe(1);
  expect(stderr).toContain('This needs Linux. The platform runs on Debian 12 or Ubuntu 22.04 and newer');
});
