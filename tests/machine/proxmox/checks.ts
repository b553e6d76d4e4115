// What must be true of the booted host of the Proxmox profile, in this order.
import { expect } from '../machine.ts';
import type { Shell } from '../process.ts';
import type { ADDRESSES } from '../world.ts';
import { HOST } from './host.ts';

export interface Host {
  /** Runs a shell command on the host as root. */
  exec: Shell;
  /** In the administrator's and in somebody else's network namespace. */
  admin: Shell;
  outsider: Shell;
  addresses: typeof ADDRESSES;
  /** The administrator's private key. */
  sshKey: string;
  reboot(): Promise<void>;
}

interface HostCheck {
  name: string;
  run(host: Host): Promise<string | undefined>;
}

const { sshPort, adminUser } = HOST;
const OPTIONS = '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=3 -o LogLevel=ERROR';

/** Signs in from somewhere, and asks who it is. */
function ssh(host: Host, from: 'admin' | 'outsider', user: string, address: string, port = sshPort) {
  const how = `-p ${port} -o BatchMode=yes -i ${host.sshKey}`;
  return host[from](`ssh ${OPTIONS} ${how} ${user}@${address} id -un`, { timeoutMs: 20_000 });
}

async function signsIn(host: Host): Promise<undefined> {
  for (const address of Object.values(host.addresses.machine)) {
    const { stdout, stderr } = await ssh(host, 'admin', adminUser, address);
    expect(stdout.trim() === adminUser, `${address}: ${stdout}${stderr}`);
  }
}

/** TCP ports that a party finds open. */
async function openPorts(host: Host, from: 'admin' | 'outsider'): Promise<string> {
  const pace = '-n -Pn -T5 --min-rate 50000 --max-retries 0 -p-';
  const { stdout } = await host[from](`nmap -sS ${pace} -oG - ${host.addresses.machine.v4}`, { timeoutMs: 120_000 });
  return [...stdout.matchAll(/(\d+)\/open\/tcp/g)].map(([, port]) => port).join(' ');
}

/** Talks to the agent as the hypervisor does, over a socket in the place of the virtio port. */
const ASK_AGENT = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(10); s.connect("/run/agent.sock"); f = s.makefile("rw")
for command in ("guest-ping", "guest-network-get-interfaces"):
    f.write(json.dumps({"execute": command}) + "\\n"); f.flush(); answer = json.loads(f.readline())["return"]
    print(command, json.dumps(answer))
`;

export const CHECKS: HostCheck[] = [
  {
    name: 'cloud-init is done without a warning, and its user data is valid',
    run: async ({ exec }) => {
      const { stdout } = await exec('cloud-init status --wait --long');
      expect(/^status: done$/m.test(stdout), stdout);
      const warnings = "grep -E '(WARNING|ERROR|CRITICAL)|Traceback' /var/log/cloud-init.log";
      const { stdout: log } = await exec(warnings);
      expect(log === '', log);
      const { code, stdout: said, stderr } = await exec('cloud-init schema --system');
      expect(code === 0, said + stderr);
      return undefined;
    },
  },
  {
    name: 'no unit failed',
    run: async ({ exec }) => {
      const { stdout } = await exec('systemctl --failed --no-legend --plain');
      expect(stdout === '', stdout);
      return undefined;
    },
  },
  { name: `the administrator signs in with the key on port ${sshPort}, on both families`, run: signsIn },
  {
    name: 'the outsider with the same key hears nothing, root and passwords are refused',
    run: async (host) => {
      const { stderr } = await ssh(host, 'outsider', adminUser, host.addresses.machine.v4);
      expect(/timed out/.test(stderr), `the outsider: ${stderr}`);
      // Without the prefix with which cloud-init makes the key useless in this file: sshd alone must refuse it.
      await host.exec(`install -d -m 0700 /root/.ssh && cp /home/${adminUser}/.ssh/authorized_keys /root/.ssh/`);
      const root = await ssh(host, 'admin', 'root', host.addresses.machine.v4);
      expect(root.stdout === '' && /Permission denied \(publickey\)/.test(root.stderr), `root: ${root.stderr}`);
      const { stdout } = await host.exec('sshd -T | grep -E "^(port|passwordauthentication|kbdinteractive)"');
      expect(
        stdout.includes('passwordauthentication no') && stdout.includes('kbdinteractiveauthentication no'),
        stdout,
      );
      const { stdout: shadow } = await host.exec("awk -F: '$2 !~ /^[!*]/ {print $1}' /etc/shadow");
      expect(shadow === '', `accounts with a password: ${shadow}`);
      return undefined;
    },
  },
  {
    name: 'all ports: an outsider finds those of the platform, the administrator SSH too, and 22 is closed',
    run: async (host) => {
      // In the place of the containers' published ports, and of one that nobody has opened.
      const listen = 'python3 -m http.server $p >/dev/null 2>&1 &';
      await host.exec(`for p in 80 443 8883 5432; do ${listen} done; sleep 1`);
      const [outsider, admin] = [await openPorts(host, 'outsider'), await openPorts(host, 'admin')];
      expect(outsider === '80 443 8883', `the outsider finds ${outsider}`);
      expect(admin === `80 443 ${sshPort} 8883`, `the administrator finds ${admin}`);
      return admin;
    },
  },
  {
    name: 'who is banned is banned from the port that sshd has',
    run: async ({ exec, addresses }) => {
      await exec(`fail2ban-client set sshd banip ${addresses.outsider.v4}`);
      const { stdout } = await exec('nft list table inet f2b-table');
      await exec('fail2ban-client unban --all');
      expect(new RegExp(`dport.*\\b${sshPort}\\b`).test(stdout), stdout);
      return undefined;
    },
  },
  {
    name: 'the guest agent starts with its device, and answers: it pings, and tells the address that the provider waits for',
    run: async ({ exec, addresses }) => {
      // A container has no virtio ports: systemd's part is looked at, the agent itself is asked over a socket.
      const { stdout: rules } = await exec('cat /usr/lib/udev/rules.d/*qemu-guest-agent.rules');
      expect(/org\.qemu\.guest_agent\.0.*SYSTEMD_WANTS.*qemu-guest-agent/.test(rules.replaceAll('\n', ' ')), rules);
      const { stdout: state } = await exec('systemctl show -p LoadState,UnitFileState qemu-guest-agent');
      expect(state.includes('LoadState=loaded') && !/masked|disabled/.test(state), state);
      const agent = 'qemu-ga --method unix-listen --path /run/agent.sock --daemonize --pidfile /run/agent.pid';
      await exec(`${agent} && for i in $(seq 50); do [ -S /run/agent.sock ] && break; sleep 0.1; done`);
      const { stdout, stderr } = await exec(`python3 - <<'END'\n${ASK_AGENT}END`);
      await exec('kill "$(cat /run/agent.pid)"');
      expect(stdout.includes('guest-ping {}') && stdout.includes(addresses.machine.v4), stdout + stderr);
      return undefined;
    },
  },
  {
    name: 'containers can be reached: packets are forwarded, Docker and Compose are there',
    run: async ({ exec }) => {
      const { stdout } = await exec(
        'sysctl -n net.ipv4.ip_forward; systemctl is-enabled docker; docker --version; docker compose version',
      );
      expect(/^1\nenabled\nDocker version .*\nDocker Compose version/.test(stdout), stdout);
      return stdout.split('\n').slice(2).join('; ').trim();
    },
  },
  {
    name: 'after a restart the administrator signs in, and the firewall is in force',
    run: async (host) => {
      await host.reboot();
      await signsIn(host);
      const { stdout } = await host.exec('nft list tables; sysctl -n net.ipv4.ip_forward');
      expect(/mqtt_saas\n[\s\S]*mqtt_saas_sources/.test(stdout) && /^1$/m.test(stdout), stdout);
      return undefined;
    },
  },
];
