// What can be seen of the machine's packages from outside: OpenSSH says its package's version before anybody signs in. The
// others do not; `npm run doctor` shows what the machine itself found.
import { once } from 'node:events';
import { connect } from 'node:net';
import { compareVersions, floorOf } from '../../provisioning/machine/package-floors.ts';
import { type Check, fail } from './check.ts';
import type { VerifyTarget } from './target.ts';

const SSH_PORT = 22;
const TIMEOUT_MS = 3000;

/** A deployed machine's OpenSSH has no hole that is known. Only administrators' addresses see it. */
export const opensshFloor: Check<{ target: VerifyTarget }> = {
  id: 'openssh-floor',
  title: 'OpenSSH, where it answers, is not below its floor',
  run: async ({ target }) => {
    // On a local platform, the sshd belongs to the person's machine.
    if (target.brokerPid !== undefined) return 'not looked at: the platform is on this machine';
    const banner = await greeting(target.host).catch(() => undefined);
    if (banner === undefined) return 'not seen: port 22 answers administrators only';
    return judgeBanner(banner);
  },
};

/** @param banner such as `SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5`. @throws Error when that version is below its floor. */
export function judgeBanner(banner: string): string {
  const [, upstream, distribution, revision] = /^SSH-2\.0-OpenSSH_(\S+) (Ubuntu|Debian)-(\S+)/.exec(banner) ?? [];
  if (!upstream) return `not judged: ${banner.slice(0, 60)}`;
  const floor =
    distribution === 'Ubuntu' ? floorOf('openssh-server') : floorOf('openssh-server', debian(revision ?? ''));
  // Debian's and Ubuntu's packages have the epoch 1; the greeting leaves it out.
  const version = `1:${upstream}-${revision}`;
  if (floor && compareVersions(version, floor) < 0) {
    fail(`openssh-server ${version} is below ${floor}: sudo unattended-upgrade -v on the machine`);
  }
  return `openssh-server ${version}`;
}

const debian = (revision: string) => `debian ${/\+deb(\d+)/.exec(revision)?.[1] ?? '13'}`;

/** The first line an SSH server sends. */
async function greeting(host: string): Promise<string> {
  const socket = connect(SSH_PORT, host);
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString('latin1').split('\r\n')[0] ?? '';
}
