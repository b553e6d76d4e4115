// The image that is booted: Debian with what Canonical's server image on Azure has, and beside it, as .deb files, what the
// user data installs, so that cloud-init really installs it, from a repository without a network.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthority } from '../../lab/authority.ts';
import { cached } from './cache.ts';
import { must } from './process.ts';

/** Debian releases whose packages are close to Ubuntu 24.04's: 13 (trixie) is a little newer, 12 (bookworm) older. */
export const SUITES = ['bookworm', 'trixie'] as const;
export type Suite = (typeof SUITES)[number];

/** What the image has before its first boot. */
const IMAGE_PACKAGES =
  'systemd systemd-sysv dbus libpam-systemd udev cloud-init openssh-server sudo python3 ca-certificates iproute2 procps ' +
  'kmod e2fsprogs curl openssl cron rsyslog logrotate chrony apparmor apt-utils less iputils-ping netbase locales gnupg ' +
  'bash-completion';

/** What checks install on the machine; never part of the image. */
const CHECK_PACKAGES = ['lynis'];

const BUILD_MS = 5 * 60_000;

/** A built image. */
export interface Image {
  /** Its root file system: the lower layer of every run, never written to. */
  root: string;
  /** A `file:` repository. */
  packages: string;
  /** PEM file of the CA that the image trusts, for the stand-ins' certificates; its key is beside it. */
  caFile: string;
  caKeyFile: string;
}

/** Builds the image, about a minute, or finds it in the cache. Needs the network only for building. */
export async function ensureImage(
  suite: Suite,
  userDataPackages: string[],
  say: (text: string) => void,
): Promise<Image> {
  const packages = [...userDataPackages, ...CHECK_PACKAGES].sort();
  const folder = await cached(suite, { suite, IMAGE_PACKAGES, packages }, async (beside) => {
    say(`building the ${suite} image (first run only, about a minute)`);
    const root = join(beside, 'root');
    await must(
      'mmdebstrap',
      ['--quiet', '--variant=minbase', '--mode=root', `--include=${IMAGE_PACKAGES}`, suite, root],
      {
        timeoutMs: BUILD_MS,
      },
    );
    await trust(beside, root);
    say('downloading the packages that the user data installs');
    await download(join(beside, 'packages'), root, packages);
  });
  const path = (name: string) => join(folder, name);
  return { root: path('root'), packages: path('packages'), caFile: path('ca.pem'), caKeyFile: path('ca.key') };
}

/** Puts the test CA among those that the image trusts. */
async function trust(folder: string, root: string): Promise<void> {
  const { certificate, key } = await makeAuthority('mqtt-saas test CA');
  writeFileSync(join(folder, 'ca.pem'), certificate);
  writeFileSync(join(folder, 'ca.key'), key, { mode: 0o600 });
  writeFileSync(join(root, 'usr/local/share/ca-certificates/mqtt-saas-test.crt'), certificate);
  await must('chroot', [root, 'update-ca-certificates']);
}

/** Downloads `packages` with all that apt would install with them in `root`, and leaves `root` as it was. */
async function download(folder: string, root: string, packages: string[]): Promise<void> {
  mkdirSync(folder);
  const script = `
    mount -t tmpfs none "$1/var/cache/apt" && mount -t tmpfs none "$1/var/lib/apt/lists" && mkdir -p "$1/var/cache/apt/archives/partial"
    cp /etc/resolv.conf "$1/etc/resolv.conf"
    root=$1 folder=$2; shift 2
    chroot "$root" apt-get -qq update
    chroot "$root" apt-get -qq -y install --download-only "$@"
    mv "$root"/var/cache/apt/archives/*.deb "$folder"
    rm "$root/etc/resolv.conf"
    cd "$folder" && dpkg-scanpackages --multiversion . >Packages`;
  await must('unshare', ['-m', 'sh', '-euc', script, 'sh', root, folder, ...packages], { timeoutMs: BUILD_MS });
}
