// Installs Debian or Ubuntu packages that npm cannot bring, such as the broker itself.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';

/** A file that shows a package is there, where it is not a program of the package's own name. */
const PROOF = {
  'dpkg-dev': 'dpkg-scanpackages',
  iproute2: 'ss',
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
const UNITS = { certbot: 'certbot.timer', mosquitto: 'mosquitto.service', pgbouncer: 'pgbouncer.service' };
/** /usr/sbin is looked at too: an ordinary user's PATH often lacks it. */
const PLACES = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', ...(process.env.PATH ?? '').split(':')];

const isThere = (name) => {
  const proof = PROOF[name] ?? name;
  return proof.startsWith('/') ? existsSync(proof) : PLACES.some((place) => place && existsSync(`${place}/${proof}`));
};

/**
 * Makes sure that each package is there; installs through apt as root or with password-less sudo.
 * @throws Error with the one command to run when it cannot.
 */
export function ensureDebianPackages(names) {
  const missing = names.filter((name) => !isThere(name));
  if (missing.length === 0) return;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  const prefix = elevation();
  if (!existsSync('/usr/bin/apt-get') || prefix === undefined) {
    throw new Error(
      `${missing.join(', ')} is not installed, and this user may not install it. Run:\n  sudo sh -c '${command}'`,
    );
  }
  console.error(`Installing Debian packages: ${missing.join(', ')} ...`);
  withoutStartingServices(prefix, missing, () => {
    const result = spawnSync(prefix[0] ?? 'sh', [...prefix.slice(1), ...(prefix.length ? ['sh'] : []), '-c', command], {
      stdio: ['ignore', 'ignore', 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (result.status !== 0 || names.some((name) => !isThere(name))) {
      throw new Error(
        `installing ${missing.join(', ')} failed (see above). Run it by hand:\n  sudo sh -c '${command}'`,
      );
    }
  });
}

/** The words to put before a command that needs root: none as root, sudo where it asks nothing, else undefined. */
function elevation() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

/**
 * Debian's policy-rc.d hook says no while installing (exit 101: https://manpages.debian.org/invoke-rc.d), and the units of
 * what was installed are disabled afterwards where there is an init system.
 */
function withoutStartingServices(prefix, installed, install) {
  const hook = '/usr/sbin/policy-rc.d';
  const run = (...words) =>
    spawnSync(prefix[0] ?? words[0], prefix.length ? [...prefix.slice(1), ...words] : words.slice(1), {
      stdio: 'ignore',
    });
  const ours = !existsSync(hook);
  if (ours && prefix.length === 0) {
    writeFileSync(hook, '#!/bin/sh\nexit 101\n');
    chmodSync(hook, 0o755);
  } else if (ours) {
    run('sh', '-c', `printf '#!/bin/sh\\nexit 101\\n' > ${hook} && chmod 755 ${hook}`);
  }
  try {
    install();
  } finally {
    if (ours && prefix.length === 0) rmSync(hook, { force: true });
    else if (ours) run('rm', '-f', hook);
    const units = installed.flatMap((name) => UNITS[name] ?? []);
    if (units.length > 0 && existsSync('/run/systemd/system')) run('systemctl', 'disable', '--quiet', ...units);
  }
}
