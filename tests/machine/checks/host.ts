// The machine from inside: its metadata, its disk, its upkeep.
import { type Check, expect } from '../machine.ts';
import { FABRIC_ADDRESS, METADATA_ADDRESS } from '../world.ts';

const fetchAs = (user: string, url: string) =>
  `runuser -u ${user} -- curl --silent --show-error --max-time 5 --noproxy '*' --header 'Metadata: true' '${url}'`;

const TOKEN = `http://${METADATA_ADDRESS}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net`;

export const checks: Check[] = [
  {
    name: 'only root reaches the metadata service',
    run: async ({ exec }) => {
      const root = await exec(fetchAs('root', TOKEN));
      expect(root.stdout.includes('access_token'), `root: ${root.stdout}${root.stderr}`);
      for (const user of ['mosquitto', 'nobody', 'azureuser']) {
        const { code, stderr } = await exec(fetchAs(user, TOKEN));
        // 7: curl could not connect.
        expect(code === 7, `${user}: exit ${code} ${stderr}`);
      }
      return undefined;
    },
  },
  {
    name: 'only root reaches the fabric’s own address',
    run: async ({ exec }) => {
      const { code, stderr } = await exec(fetchAs('nobody', `http://${FABRIC_ADDRESS}/?comp=versions`));
      expect(code === 7 && /refused|unreachable|connect/i.test(stderr), `exit ${code} ${stderr}`);
      return undefined;
    },
  },
  {
    name: 'the broker’s state is on the data disk, which runs nothing',
    run: async ({ exec }) => {
      const { stdout } = await exec(
        'findmnt --noheadings --output SOURCE,FSTYPE,OPTIONS --mountpoint /var/lib/mosquitto',
      );
      expect(/lun0\S*\s+ext4\s/.test(stdout), stdout || 'nothing is mounted there');
      for (const option of ['noexec', 'nosuid', 'nodev'])
        expect(stdout.includes(option), `${option} is missing: ${stdout}`);
      return undefined;
    },
  },
  {
    name: 'every network setting of ours is in force',
    run: async ({ exec }) => {
      const { stdout } = await exec("sed -nE 's/^([a-z][^ =]*) *= *(.*)/\\1=\\2/p' /etc/sysctl.d/60-mqtt-saas.conf");
      const settings = stdout
        .trim()
        .split('\n')
        .map((line) => line.split('=') as [string, string]);
      const wrong: string[] = [];
      for (const [key, value] of settings) {
        const now = (await exec(`sysctl -n ${key}`)).stdout.trim();
        // The kernel is the host's: what belongs to no network is not changed from a namespace.
        if (isOfNetwork(key) && now !== value) wrong.push(`${key} is ${now}, not ${value}`);
      }
      expect(wrong.length === 0, wrong.join('\n'));
      return `${settings.length} settings`;
    },
  },
  {
    name: 'logs have a bound',
    run: async ({ exec }) => {
      const { stdout: journal } = await exec(
        'systemd-analyze cat-config systemd/journald.conf | grep -E "^SystemMaxUse="',
      );
      expect(journal.trim() === 'SystemMaxUse=512M', journal);
      const { stderr } = await exec('logrotate --debug /etc/logrotate.conf');
      const [rules, capped] = [/rotating pattern/g, /log files >= 20971520 are rotated earlier/g].map(
        (it) => stderr.match(it)?.length ?? 0,
      );
      expect(rules === capped && (rules ?? 0) > 0, `${capped} of ${rules} rules have a size cap\n${stderr}`);
      return `${rules} files of rules`;
    },
  },
  {
    name: 'updates install by themselves, and no question holds them back',
    run: async ({ exec }) => {
      const { code, stdout, stderr } = await exec('unattended-upgrade --dry-run --verbose && apt-config dump', {
        timeoutMs: 120_000,
      });
      expect(code === 0, stdout + stderr);
      for (const line of [/^APT::Periodic::Unattended-Upgrade "1"/m, /^DPkg::Options:: "--force-confold"/im]) {
        expect(line.test(stdout), `missing: ${line}`);
      }
      const { stdout: timers } = await exec('systemctl is-enabled apt-daily.timer apt-daily-upgrade.timer');
      expect(/^enabled\nenabled$/.test(timers.trim()), timers);
      return undefined;
    },
  },
  {
    name: 'shared memory runs nothing, su serves root alone, and sudo keeps a log',
    run: async ({ exec }) => {
      const shm = await exec(
        'findmnt --noheadings --output OPTIONS /dev/shm; grep -c " /dev/shm .*noexec" /etc/fstab; cp /bin/true /dev/shm/it && /dev/shm/it; echo $?; rm /dev/shm/it',
      );
      expect(/noexec[\s\S]*\n1\n[\s\S]*126$/.test(shm.stdout.trim()), shm.stdout + shm.stderr);
      const root = await exec('su -s /bin/sh -c id mosquitto');
      const other = await exec('runuser -u azureuser -- su -s /bin/sh -c id mosquitto </dev/null');
      expect(root.code === 0 && root.stdout.includes('mosquitto'), root.stderr);
      expect(other.code !== 0 && /Permission denied/i.test(other.stderr), `${other.stdout}${other.stderr}`);
      const { code, stdout, stderr } = await exec(
        'visudo -c && runuser -u azureuser -- sudo -n id -u && grep "COMMAND=.*/id -u" /var/log/sudo.log',
      );
      expect(code === 0 && /^0$/m.test(stdout), stdout + stderr);
      return undefined;
    },
  },
  {
    name: 'swap, time and a small kernel are prepared for a machine of its own',
    run: async ({ exec }) => {
      // What a container does not start: it has its host's clock, swap and modules.
      const { stdout: enabled } = await exec('systemctl is-enabled swapfile.swap chrony');
      expect(/^enabled\nenabled$/.test(enabled.trim()), enabled);
      const { code, stdout, stderr } = await exec(
        'systemd-analyze verify swapfile.swap make-swapfile.service && modprobe --showconfig',
      );
      expect(code === 0 && stderr === '', stderr);
      expect(/^install usb_storage \/bin\/false$/m.test(stdout), 'usb-storage may be loaded');
      return undefined;
    },
  },
  {
    name: 'after five failed logins the address is banned, and only for SSH',
    disturbs: true,
    run: async (machine) => {
      const { exec, admin, addresses, files } = machine;
      const { v4 } = addresses.admin;
      const ssh = (user: string) =>
        admin(
          // A connection that is being made when the ban begins would wait for its answer indefinitely.
          `timeout 10 ssh -i ${files.sshKey} -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=3 ${user}@${addresses.machine.v4} true`,
        );
      await exec('fail2ban-client unban --all');
      expect((await ssh('azureuser')).code === 0, 'the admin could not sign in before');
      for (let attempt = 0; attempt < 5; attempt += 1) await ssh('nobody-known');
      const banned = await exec(
        `for i in $(seq 50); do fail2ban-client status sshd | grep -F ${v4} && exit; sleep 0.2; done; exit 1`,
      );
      expect(banned.code === 0, 'the address is not banned');
      const { stderr } = await ssh('azureuser');
      const broker = await admin(`nc -z -w 3 ${addresses.machine.v4} 8883`);
      expect(/refused|timed out/.test(stderr), `a banned address got: ${stderr}`);
      expect(broker.code === 0, 'the broker is closed to it, too');
      // Lines about the failures that are read only now would ban again.
      for (let attempt = 0; ; attempt += 1) {
        await exec('fail2ban-client unban --all');
        if ((await ssh('azureuser')).code === 0) break;
        expect(attempt < 5, 'the admin could not sign in after the ban');
      }
      return undefined;
    },
  },
];

const isOfNetwork = (key: string) => /^net\.(ipv4|ipv6)\./.test(key) || key === 'net.core.somaxconn';
