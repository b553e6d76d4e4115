// Who gets in by SSH. Every refusal uses what would otherwise work: a key that root accepts, a password that is right.
import { writeFileSync } from 'node:fs';
import { type Check, expect, type Machine } from '../machine.ts';

const ADMIN = 'azureuser';
const PASSWORD = 'right-password-of-the-test';
const FAMILIES = ['v4', 'v6'] as const;
const REFUSED = /Permission denied \(publickey\)/;

const OPTIONS = '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=3 -o LogLevel=ERROR';

function ssh(machine: Machine, party: 'admin' | 'outsider', user: string, how: string, family: 'v4' | 'v6' = 'v4') {
  return machine[party](`ssh ${OPTIONS} ${how} ${user}@${machine.addresses.machine[family]} id -un`, {
    timeoutMs: 20_000,
  });
}

const byKey = ({ files }: Machine) => `-o BatchMode=yes -i ${files.sshKey}`;

export const checks: Check[] = [
  {
    name: 'the admin signs in with the key, on both families',
    run: async (machine) => {
      for (const family of FAMILIES) {
        const { stdout, stderr } = await ssh(machine, 'admin', ADMIN, byKey(machine), family);
        expect(stdout.trim() === ADMIN, `${family}: ${stdout}${stderr}`);
      }
      return undefined;
    },
  },
  {
    name: 'the outsider, with the same key, hears nothing',
    run: async (machine) => {
      const attempts = FAMILIES.map((family) => ssh(machine, 'outsider', ADMIN, byKey(machine), family));
      for (const { code, stderr } of await Promise.all(attempts)) {
        expect(code !== 0 && /timed out/.test(stderr), `exit ${code}, ${stderr}`);
      }
      return undefined;
    },
  },
  {
    name: 'root is refused, with a key that root accepts',
    run: async (machine) => {
      await machine.exec('fail2ban-client unban --all');
      // Without the prefix with which cloud-init makes the key useless in this file: sshd alone must refuse it.
      await machine.exec('install -d -m 0700 /root/.ssh && cp /home/azureuser/.ssh/authorized_keys /root/.ssh/');
      const { stdout, stderr } = await ssh(machine, 'admin', 'root', byKey(machine));
      expect(stdout === '' && REFUSED.test(stderr), `${stdout}${stderr}`);
      return undefined;
    },
  },
  {
    name: 'a password is refused, though it is right',
    run: async (machine) => {
      await machine.exec(`echo '${ADMIN}:${PASSWORD}' | chpasswd`);
      const askpass = `${machine.files.folder}/askpass`;
      writeFileSync(askpass, `#!/bin/sh\necho '${PASSWORD}'\n`, { mode: 0o755 });
      const how = '-o PubkeyAuthentication=no -o PreferredAuthentications=password,keyboard-interactive';
      const environment = `SSH_ASKPASS=${askpass} SSH_ASKPASS_REQUIRE=force`;
      const { stdout, stderr } = await machine.admin(
        `${environment} ssh ${OPTIONS} ${how} ${ADMIN}@${machine.addresses.machine.v4} id -un`,
        { timeoutMs: 20_000 },
      );
      await machine.exec(`usermod --lock ${ADMIN}`);
      expect(stdout === '' && REFUSED.test(stderr), `${stdout}${stderr}`);
      return undefined;
    },
  },
];
