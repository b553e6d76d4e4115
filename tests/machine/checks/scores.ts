// What well-known scanners say of the machine. docs/machine.md explains each suggestion that remains.
import { type Check, expect, type Machine } from '../machine.ts';

/** Of 10; systemd calls up to 2.0 "safe". */
const MOST_EXPOSURE = 2.0;
/** Of 100. */
const LEAST_HARDENING = 85;

/** Services that are ours, as far as the bundle brought them, and the broker. */
const OWN_UNITS = "ls /opt/mqtt-saas/current/units | grep '\\.service$'; echo mosquitto.service";

async function exposure({ exec }: Machine): Promise<string> {
  const units = (await exec(OWN_UNITS)).stdout.split('\n').filter(Boolean);
  const scores: string[] = [];
  for (const unit of units) {
    const { stdout } = await exec(`systemd-analyze security --no-pager ${unit} | tail -1`);
    const [, score] = /: ([\d.]+)/.exec(stdout) ?? [];
    scores.push(`${unit.replace('.service', '')} ${score ?? '?'}`);
  }
  const bad = scores.filter((line) => !(Number(line.split(' ')[1]) <= MOST_EXPOSURE));
  expect(bad.length === 0, `more than ${MOST_EXPOSURE}: ${bad.join(', ')}\nall: ${scores.join(', ')}`);
  return scores.join(', ');
}

async function sshAudit(machine: Machine): Promise<string> {
  const { tools, addresses } = machine;
  const { stdout, stderr } = await machine.admin(`${tools.sshAudit} --json --skip-rate-test ${addresses.machine.v4}`);
  const report = JSON.parse(stdout || '{}') as Record<
    string,
    { algorithm?: string; notes?: { fail?: string[]; warn?: string[] } }[]
  >;
  const found: string[] = [];
  let algorithms = 0;
  for (const kind of ['kex', 'key', 'enc', 'mac']) {
    for (const { algorithm, notes } of report[kind] ?? []) {
      algorithms += 1;
      for (const note of [...(notes?.fail ?? []), ...(notes?.warn ?? [])]) found.push(`${algorithm}: ${note}`);
    }
  }
  expect(algorithms > 0, stdout + stderr);
  expect(found.length === 0, found.join('\n'));
  return `0 fails, 0 warnings in ${algorithms} algorithms`;
}

async function sslyze(machine: Machine): Promise<string> {
  const { tools, files, host } = machine;
  const options = `--mozilla_config=intermediate --certinfo_ca_file=${files.caFile}`;
  const { stdout, stderr } = await machine.outsider(`${tools.sslyze} ${options} ${host}:8883`);
  const [, verdict] = stdout.split('COMPLIANCE AGAINST') as [string, string?];
  expect(verdict?.includes(': OK - Compliant'), verdict ?? stdout + stderr);
  return 'compliant';
}

/**
 * What lynis cannot judge here: AppArmor and the kernel's settings are the test host's, which no machine in a namespace
 * may change, so those that we set are skipped. Certificates have checks of their own, and lynis' takes long.
 */
const PROFILE = `
  { printf 'skip-test=%s\\n' CRYP-7902 MACF-6290
    sed -nE 's/^((dev|fs|kernel|vm)[a-z0-9_.-]+) *=.*/skip-test=KRNL-6000:\\1/p' /etc/sysctl.d/60-mqtt-saas.conf
  } >/etc/lynis/custom.prf`;

async function lynis({ exec }: Machine): Promise<string> {
  await exec('apt-get install --yes --quiet --no-install-recommends lynis', { timeoutMs: 120_000 });
  await exec(PROFILE);
  const { stdout } = await exec('lynis audit system --quick --quiet --no-colors; cat /var/log/lynis-report.dat', {
    timeoutMs: 420_000,
  });
  const [, index] = /^hardening_index=(\d+)$/m.exec(stdout) ?? [];
  const found = [...stdout.matchAll(/^(?:warning|suggestion)\[\]=([A-Z0-9-]+)\|/gm)].map(([, id]) => id);
  const listed = [...new Set(found)].sort().join(' ');
  expect(Number(index) >= LEAST_HARDENING, `hardening index ${index}; remaining: ${listed}`);
  return `${index}; remaining: ${listed}`;
}

export const checks: Check[] = [
  { name: `systemd-analyze security is at most ${MOST_EXPOSURE} for the broker and our units`, run: exposure },
  { name: 'ssh-audit neither fails nor warns', run: sshAudit },
  { name: 'sslyze finds Mozilla’s "intermediate" profile', run: sslyze },
  { name: `lynis’ hardening index is at least ${LEAST_HARDENING}`, run: lynis },
];
