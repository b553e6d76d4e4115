// Installs Debian or Ubuntu packages that npm cannot provide, such as the broker.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { takeTurn } from './lock.mjs';
import { Progress } from './progress.mjs';

/** A file that shows that a package is installed, for packages without a program of their own name. */
const PROOF = {
  'btrfs-progs': 'mkfs.btrfs',
  'default-jre-headless': 'java',
  'dnsmasq-base': 'dnsmasq',
  'docker.io': 'dockerd',
  'dpkg-dev': 'dpkg-scanpackages',
  iproute2: 'ss',
  maven: 'mvn',
  'mosquitto-clients': 'mosquitto_pub',
  'netcat-openbsd': 'nc',
  nftables: 'nft',
  'openssh-client': 'ssh',
  'python3-certbot-dns-cloudflare': '/usr/lib/python3/dist-packages/certbot_dns_cloudflare/__init__.py',
  'python3-psycopg2': '/usr/lib/python3/dist-packages/psycopg2/__init__.py',
  'python3-venv': '/usr/share/doc/python3-venv',
  'systemd-container': 'systemd-nspawn',
};
/** Units that a package would start at once, and at each boot. The platform runs these programs itself. */
const UNITS = {
  certbot: 'certbot.timer',
  'docker.io': 'docker.service',
  mosquitto: 'mosquitto.service',
  pgbouncer: 'pgbouncer.service',
  prometheus: 'prometheus.service',
  'prometheus-alertmanager': 'prometheus-alertmanager.service',
  'prometheus-node-exporter': 'prometheus-node-exporter.service',
};
/** Includes /usr/sbin: an ordinary user's PATH often lacks it. */
const PLACES = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', ...(process.env.PATH ?? '').split(':')];

/** Where else the platform runs. */
const ELSEWHERE =
  'The platform runs on Debian 12 or Ubuntu 22.04 and newer: use a virtual machine, a container, or WSL on Windows.';

const isThere = (name) => {
  const proof = PROOF[name] ?? name;
  return proof.startsWith('/') ? existsSync(proof) : PLACES.some((place) => place && existsSync(`${place}/${proof}`));
};

/**
 * Makes sure that each package is installed; installs it through apt as root or with password-less sudo.
 * @param {string[]} names
 * @param system the system; tests give another one.
 * @throws Error that says what to do.
 */
export async function ensureDebianPackages(names, system = thisSystem()) {
  const missing = names.filter((name) => !isThere(name));
  if (names.length > 0 && system.platform !== 'linux') throw new Error(`This needs Linux. ${ELSEWHERE}`);
  if (missing.length === 0) return;
  const list = missing.join(', ');
  const areMissing = `${list} ${missing.length === 1 ? 'is' : 'are'} not installed`;
  if (!system.hasApt) {
    throw new Error(`${areMissing}, and this is not Debian or Ubuntu. Install what is missing yourself. ${ELSEWHERE}`);
  }
  const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  const prefix = elevation();
  if (prefix === undefined) {
    throw new Error(`${areMissing}, and this user may not install packages. Run:\n  sudo sh -c '${command}'`);
  }
  const progress = new Progress(process.stderr);
  const lock = await takeTurn('Debian packages', () =>
    progress.step('Debian packages: another command is installing some, waiting for it'),
  );
  try {
    const needed = missing.filter((name) => !isThere(name));
    if (needed.length > 0) {
      progress.step(`Debian packages: ${needed.join(', ')}`);
      const { code, said } = await run([...prefix, 'sh', '-c', installScript(needed)]);
      if (code !== 0 || names.some((name) => !isThere(name))) {
        progress.failed();
        throw new Error(
          `apt-get could not install ${list}. Run it by hand:\n  sudo sh -c '${command}'\nIt said:\n${said}`,
        );
      }
    }
  } finally {
    lock.close();
  }
  progress.done();
}

const thisSystem = () => ({ platform: process.platform, hasApt: existsSync('/usr/bin/apt-get') });

/** Runs a command without input, and gives its exit code and what it wrote to standard error. */
function run([program, ...args]) {
  return new Promise((resolve, reject) => {
    let said = '';
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, said }));
  });
}

/** The words to put before a command that needs root: none as root, sudo if it needs no password, otherwise undefined. */
function elevation() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

/**
 * Installs packages without starting their services: meanwhile Debian's policy-rc.d hook refuses (exit 101:
 * https://manpages.debian.org/invoke-rc.d), and if there is an init system, the units are disabled afterwards. The shell removes its
 * hook however it ends, also at Ctrl-C; if it was killed or the power failed, the next run removes it. Somebody else's hook is not
 * touched.
 * @param {string[]} names
 */
export function installScript(names, hook = '/usr/sbin/policy-rc.d') {
  const units = names.flatMap((name) => UNITS[name] ?? []);
  return `
mark='# mqtt-saas: while packages are installed'
if [ ! -e ${hook} ] || grep -qxF "$mark" ${hook}; then
  trap 'rm -f ${hook}' EXIT
  printf '#!/bin/sh\\n%s\\nexit 101\\n' "$mark" >${hook}
  chmod 755 ${hook}
fi
trap 'exit 130' INT
trap 'exit 143' TERM HUP
export DEBIAN_FRONTEND=noninteractive
apt-get update && apt-get install -y --no-install-recommends ${names.join(' ')}
code=$?
${units.length > 0 ? `[ ! -d /run/systemd/system ] || systemctl disable --quiet ${units.join(' ')}` : ''}
exit $code`;
}
