// The image that is booted: Debian with what Canonical's server image on Azure has, and beside it, as .deb files, what the
// user data installs, so that cloud-init really installs it, from a repository without a network.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
  'bash-completion eatmydata';

/** What checks install on the machine; never part of the image. */
const CHECK_PACKAGES = ['lynis', 'libfaketime'];

/** Of the image's own packages, those with a floor: in the repository too, as a mirror has them. */
const SERVED = ['openssh-server', 'openssh-client', 'openssl', 'sudo'];
const TLS_LIBRARY: Record<Suite, string> = { bookworm: 'libssl3', trixie: 'libssl3t64' };

/** A minute on idle cores. */
const BUILD_MS = 20 * 60_000;

/** For the slow group `openscap`: the scanner, and Debian 13's guides, the first with Debian 12 and Ubuntu 24.04. */
const SCANNER = 'openscap-scanner';
const GUIDES = 'ssg-base ssg-debian ssg-debderived';

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
  { withScanner }: { withScanner: boolean },
): Promise<Image> {
  const packages = [...userDataPackages, ...CHECK_PACKAGES, ...(withScanner ? [SCANNER] : [])].sort();
  const served = [...SERVED, TLS_LIBRARY[suite]];
  const guides = withScanner ? GUIDES : '';
  const folder = await cached(suite, { suite, IMAGE_PACKAGES, packages, served, guides, RELEASE }, async (beside) => {
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
    await download(join(beside, 'packages'), root, packages, { served, guides });
    writeRelease(join(beside, 'packages'), suite);
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

/** The repository says that it is Debian's security archive: upgrades by themselves take from no other. */
const RELEASE = { Origin: 'Debian', Label: 'Debian-Security', Components: 'main' };

function writeRelease(folder: string, suite: Suite): void {
  const index = readFileSync(join(folder, 'Packages'));
  const sha256 = createHash('sha256').update(index).digest('hex');
  const fields = {
    ...RELEASE,
    Suite: 'stable-security',
    Codename: `${suite}-security`,
    Date: new Date().toUTCString(),
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  const text = [...lines, 'SHA256:', ` ${sha256} ${index.length} Packages`, ''].join('\n');
  writeFileSync(join(folder, 'Release'), text);
}

/** Downloads `packages` with all that apt would install with them in `root`, and what is `beside`; leaves `root` as it was. */
async function download(
  folder: string,
  root: string,
  packages: string[],
  beside: { served: string[]; guides: string },
): Promise<void> {
  mkdirSync(folder);
  const script = `
    mount -t tmpfs none "$1/var/cache/apt" && mount -t tmpfs none "$1/var/lib/apt/lists" && mkdir -p "$1/var/cache/apt/archives/partial"
    cp /etc/resolv.conf "$1/etc/resolv.conf"
    root=$1 folder=$2 served=$3 guides=$4; shift 4
    fetch() { chroot "$root" sh -c "cd /var/cache/apt/archives && apt-get -qq -o APT::Sandbox::User=root $*"; }
    if [ "$guides" ]; then
      sed s/bookworm/trixie/ "$root/etc/apt/sources.list" >"$root/var/cache/apt/trixie.list"
      fetch -o Dir::Etc::SourceList=/var/cache/apt/trixie.list update
      fetch -o Dir::Etc::SourceList=/var/cache/apt/trixie.list download "$guides"
    fi
    fetch update
    fetch download "$served"
    chroot "$root" apt-get -qq -y install --download-only "$@"
    mv "$root"/var/cache/apt/archives/*.deb "$folder"
    rm "$root/etc/resolv.conf"
    cd "$folder" && dpkg-scanpackages --multiversion . >Packages`;
  const args = ['-m', 'sh', '-euc', script, 'sh', root, folder, beside.served.join(' '), beside.guides, ...packages];
  await must('unshare', args, { timeoutMs: BUILD_MS });
}
