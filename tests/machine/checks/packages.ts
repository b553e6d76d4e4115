// What the machine says of its own packages and units: nothing when all is well, and each fault by its name.
import { type Check, expect, type Machine } from '../machine.ts';

const PROGRAM = 'bin/check-machine.py';
const FIGURES = '/run/mqtt-saas-metrics/check-machine/machine.prom';

/** What check-machine says, as a deployment shows it. */
async function said({ exec }: Machine, release = '/opt/mqtt-saas/current'): Promise<string> {
  const { code, stdout, stderr } = await exec(`${release}/${PROGRAM}`);
  expect(code === 0, stderr);
  return stdout;
}

/** The figures, measured again. */
async function figures({ exec }: Machine): Promise<string> {
  const { code, stdout, stderr } = await exec(`systemctl start check-machine.service && cat ${FIGURES}`);
  expect(code === 0, stderr);
  return stdout;
}

export const checks: Check[] = [
  {
    name: 'packages reach their floors, upgrades reach the packages, every enabled unit is active',
    run: async (machine) => {
      const lines = await said(machine);
      expect(lines === '', lines);
      const measured = await figures(machine);
      for (const name of ['package_below_floor', 'package_without_upgrades', 'unit_not_active', 'unit_outdated']) {
        expect(measured.includes(`mqtt_saas_machine_${name}_count 0`), `${name}: ${measured}`);
      }
      return undefined;
    },
  },
  {
    name: 'a package below its floor is named, with what to do',
    run: async (machine) => {
      const { exec } = machine;
      const copy = '/root/release-below';
      // The same release with a table that asks for more than anybody has.
      await exec(
        `cp -rL /opt/mqtt-saas/current ${copy} && sed -i -E 's/("debian [0-9]+": "mosquitto) .*"/\\1 99:1"/' ${copy}/lib/packages.json`,
      );
      try {
        const lines = await said(machine, copy);
        expect(/^BELOW THE FLOOR: mosquitto \S+ is below 99:1 \(CVE-\S+ .*unattended-upgrade -v/m.test(lines), lines);
        expect(lines.trim().split('\n').length === 1, lines);
      } finally {
        await exec(`rm -r ${copy}`);
      }
      return undefined;
    },
  },
  {
    name: 'a service that died is named, in the log and as a figure',
    // A scanner that runs meanwhile would miss the service.
    disturbs: true,
    run: async (machine) => {
      const { exec } = machine;
      await exec('systemctl stop fail2ban');
      try {
        const lines = await said(machine);
        expect(/^NOT ACTIVE: fail2ban\.service \(inactive\); journalctl/m.test(lines), lines || 'nothing was said');
        const measured = await figures(machine);
        expect(measured.includes('unit_not_active{name="fail2ban.service"} 1'), measured);
        const { stdout: log } = await exec('journalctl -u check-machine -o cat');
        expect(log.includes('NOT ACTIVE: fail2ban.service'), log);
      } finally {
        await exec('systemctl start fail2ban');
      }
      const lines = await said(machine);
      expect(lines === '', lines);
      return undefined;
    },
  },
  {
    name: 'a service that still runs the former version of a package is named',
    run: async (machine) => {
      const { exec } = machine;
      // What dpkg does to its list of files when it unpacks a package.
      await exec('touch -d "1 hour" /var/lib/dpkg/info/fail2ban.list /var/lib/dpkg/info/mosquitto.list');
      const lines = await said(machine);
      await exec('touch -d "1 day ago" /var/lib/dpkg/info/fail2ban.list /var/lib/dpkg/info/mosquitto.list');
      expect(
        /^RESTART DUE: mosquitto\.service still runs the former version of mosquitto/m.test(lines),
        lines || 'nothing was said',
      );
      return undefined;
    },
  },
  {
    name: 'what upgrades by themselves may take is read as unattended-upgrade reads it',
    run: async ({ exec }) => {
      const read = await exec(
        `cd /opt/mqtt-saas/current/bin && python3 -Bc 'import platform; from mqtt_saas import upgrades as u; print(u.read_patterns(u.said("apt-config", "dump"), platform.freedesktop_os_release()))'`,
      );
      const { stdout, stderr } = await exec('unattended-upgrade --dry-run --verbose', { timeoutMs: 120_000 });
      const [, own = ''] = /Allowed origins are: (.*)/.exec(stdout + stderr) ?? [];
      const patterns = own.split(', ').map((pattern) => pattern.split(',').map((pair) => pair.split('=')[1]));
      expect(patterns.length > 0 && own !== '', stdout + stderr);
      const ours = [...read.stdout.matchAll(/\{(.*?)\}/g)].map(([, fields = '']) =>
        [...fields.matchAll(/: '(.*?)'/g)].map(([, value]) => value),
      );
      expect(JSON.stringify(ours) === JSON.stringify(patterns), `${JSON.stringify(ours)}\n${own}`);
      return `${patterns.length} origins`;
    },
  },
];
