// Inside the namespaces: boots the host of the Proxmox profile with its exact user data, and looks at it. Started by main.ts only.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderHost } from '../../../provisioning/compose/host/render.ts';
import { BootedMachine } from '../boot.ts';
import { CACHE } from '../cache.ts';
import { must } from '../process.ts';
import { measure, type Outcome } from '../report.ts';
import type { Image } from '../rootfs.ts';
import type { Inside, News } from '../sandbox.ts';
import { ADDRESSES, makeWorld, shellOf } from '../world.ts';
import { CHECKS, type Host } from './checks.ts';
import { HOST } from './host.ts';

const { image, group } = JSON.parse(process.argv[2] ?? '{}') as { image: Image } & Inside;
const folder = join(CACHE, 'run');
await must('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'none', folder]);
await must('mount', ['-t', 'cgroup2', 'none', '/sys/fs/cgroup']);
await makeWorld();
mkdirSync(join(folder, 'files'));
const sshKey = join(folder, 'files/admin');
await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'admin', '-f', sshKey]);
const sshPublicKey = readFileSync(`${sshKey}.pub`, 'utf8').trim();
// The key comes with the user data, as on Proxmox: its data source has another one.
const others = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICTih6NsXavdHXSZNi/lVsXpREUUhabVa/jz1DU3YQ2F other';
const userData = renderHost({ ...HOST, sshPublicKey });
const booted = new BootedMachine({ image, userData, sshPublicKey: others, folder, group });
const host: Host = {
  exec: booted.exec,
  admin: shellOf('admin'),
  outsider: shellOf('outsider'),
  addresses: ADDRESSES,
  sshKey,
  reboot: () => booted.reboot(),
};
const outcomes: Outcome[] = [];
const note = async (name: string, act: () => Promise<string | undefined>) => {
  outcomes.push(await measure('proxmox', name, act));
};
await note('the first boot ends', async () => {
  await booted.create();
  await booted.waitUntilBooted();
  return undefined;
});
if (outcomes[0]?.passed) for (const { name, run } of CHECKS) await note(name, () => run(host));
process.send?.({ outcomes } satisfies News);
process.disconnect();
process.exit();
