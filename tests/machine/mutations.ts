// Breaks the machine in one way at a time and runs the checks that matter most: exactly the ones that are about it must
// fail, and pass again when it is fixed. A check that nothing turns red proves nothing.
import { type Check, expect, type Machine } from './machine.ts';
import { untilRegistryIsInForce } from './mqtt.ts';

/** One way to break it. Commands run on the machine as root. */
interface Mutation {
  name: string;
  break: string;
  fix: string;
  /** Names of the checks that must fail. */
  reddens: string[];
  /** The broker was restarted: wait until it serves the registry's accounts again. */
  restarts?: boolean;
}

const CONFIG = '/opt/mqtt-saas/current/mosquitto.conf';
const SSHD = '/etc/ssh/sshd_config.d/10-mqtt-saas.conf';
const MOUNT = '/etc/systemd/system/var-lib-mosquitto.mount';
const loadFirewall = 'nft -f /etc/nftables.conf';
const edit = (file: string, script: string) => `cp -p ${file} /root/mutated && sed -i -E '${script}' ${file}`;
const restore = (file: string) => `cp -p /root/mutated ${file}`;
const restartBroker = 'systemctl restart mosquitto';

const MUTATIONS: Mutation[] = [
  {
    name: 'the firewall is open',
    break: 'nft insert rule inet mqtt_saas input accept',
    fix: loadFirewall,
    reddens: ['TCP v4: an outsider finds 8883 and silence'],
  },
  {
    name: 'the rule for the metadata service is gone',
    break: 'nft flush chain inet mqtt_saas output',
    fix: loadFirewall,
    reddens: ['only root reaches the metadata service'],
  },
  {
    name: 'root may sign in',
    break: `${edit(SSHD, 's/^PermitRootLogin.*/PermitRootLogin yes/; /^AllowGroups/d')} && systemctl reload ssh`,
    fix: `${restore(SSHD)} && systemctl reload ssh`,
    reddens: ['root is refused, with a key that root accepts'],
  },
  {
    name: 'the gate is gone, and anonymous clients are let in',
    // A client without a name has no name to be its client id.
    break: `${edit(CONFIG, 's/^allow_anonymous.*/allow_anonymous true/; /^use_username_as_clientid/d; /^plugin/d')} && ${restartBroker}`,
    fix: `${restore(CONFIG)} && ${restartBroker}`,
    reddens: [
      'nobody gets in without a name',
      'a device cannot publish as another, in its tenant or out of it',
      'a device cannot read what others publish, nor the broker’s own topics',
    ],
    restarts: true,
  },
  {
    name: 'the hook after a renewal is gone',
    break: `${edit('/etc/systemd/system/certificate-issue.service', '/^On(Success|Failure)=/d')} && systemctl daemon-reload`,
    fix: `${restore('/etc/systemd/system/certificate-issue.service')} && systemctl daemon-reload`,
    reddens: ['a certificate renewed in the vault is served, and nobody is disconnected'],
  },
  {
    name: 'the data disk is not mounted',
    // Without its unit, which any service that needs the disk would start again.
    break: `mv ${MOUNT} /root/mutated && systemctl daemon-reload && umount --lazy /var/lib/mosquitto`,
    fix: `systemctl stop mosquitto && mv /root/mutated ${MOUNT} && systemctl daemon-reload && ${restartBroker}`,
    reddens: ['the broker’s state is on the data disk, which runs nothing'],
    restarts: true,
  },
];

/** A check for each mutation, over those of `all` that some mutation is about. @throws Error when one is missing. */
export function mutationChecks(all: Check[]): Check[] {
  const names = [...new Set(MUTATIONS.flatMap(({ reddens }) => reddens))];
  const core = names.map((name) => {
    const check = all.find((candidate) => candidate.name === name);
    if (!check) throw new Error(`mutations.ts names a check that is not there: ${name}`);
    return check;
  });
  return MUTATIONS.map((mutation) => ({
    name: `${mutation.name}: ${mutation.reddens.length === 1 ? 'one check notices' : 'the checks notice'}, no other`,
    run: (machine) => prove(machine, mutation, core),
  }));
}

async function prove(machine: Machine, mutation: Mutation, core: Check[]): Promise<undefined> {
  await command(machine, mutation.break);
  try {
    if (mutation.restarts) await untilRegistryIsInForce(machine);
    const red = await failing(machine, core);
    const [seen, meant] = [[...red.keys()].sort().join('; '), [...mutation.reddens].sort().join('; ')];
    expect(seen === meant, `red: ${describe(red) || 'nothing'}\nmeant: ${meant}`);
  } finally {
    await command(machine, mutation.fix);
    if (mutation.restarts) await untilRegistryIsInForce(machine);
  }
  const still = await failing(
    machine,
    core.filter(({ name }) => mutation.reddens.includes(name)),
  );
  expect(still.size === 0, `fixed, but still red: ${describe(still)}`);
  return undefined;
}

const describe = (failures: Map<string, string>) => [...failures].map(([name, why]) => `${name} (${why})`).join('; ');

/** The checks that fail now, by name, and why. Those that connect to the broker one after another: they share accounts. */
async function failing(machine: Machine, checks: Check[]): Promise<Map<string, string>> {
  const failures = new Map<string, string>();
  const runAll = async (list: Check[]) => {
    for (const check of list) {
      await check.run(machine).catch((error: Error) => failures.set(check.name, error.message));
    }
  };
  const connects = ({ name }: Check) => /device|without a name|disconnected/.test(name);
  await Promise.all([runAll(checks.filter(connects)), runAll(checks.filter((check) => !connects(check)))]);
  return failures;
}

async function command({ exec }: Machine, text: string): Promise<void> {
  const { code, stdout, stderr } = await exec(text, { timeoutMs: 120_000 });
  expect(code === 0, `${text}: exit ${code} ${stdout}${stderr}`);
}
