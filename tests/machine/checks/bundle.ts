// How configuration reaches the machine that runs: applied again, changed, corrupted, dangerous, broken.
import { createHash } from 'node:crypto';
import { pack } from '../../../provisioning/machine/bundle/bundle.ts';
import { makeTestBundle, publishBundle } from '../environment.ts';
import { type Check, expect, type Machine } from '../machine.ts';
import { logins, untilLetIn } from '../mqtt.ts';
import { BLOB_HOST } from '../services.ts';

const CONTAINER = 'broker-bundles';

/** The bundle of the environment with one file changed. A change that changes nothing is a mistake of the check. */
export function changed(path: string, change: (text: string) => string) {
  const files = makeTestBundle().files.map((file) => {
    if (file.path !== path) return file;
    const before = Buffer.from(file.content).toString();
    const after = change(before);
    expect(after !== before, `the change of ${path} changes it`);
    return { ...file, content: Buffer.from(after) };
  });
  return pack(files);
}

/** Uploads a bundle without making it the one machines boot with. */
export function upload(machine: Machine, { archive, hash }: { archive: Buffer; hash: string }): string {
  machine.services.azure.blobs.set(`${CONTAINER}/${hash}.tgz`, archive);
  return hash;
}

/** What a deployment runs. */
export const apply = (machine: Machine, hash: string) =>
  machine.exec(`/usr/local/sbin/broker-apply --from https://${BLOB_HOST}/${CONTAINER} ${hash}`, { timeoutMs: 180_000 });

/** Makes a bundle that is there the one machines boot with. */
function point({ services }: Machine, hash: string): void {
  services.azure.blobs.set(`${CONTAINER}/current`, Buffer.from(hash));
}

/** What a refusal must leave as it was. */
async function state(machine: Machine): Promise<string> {
  const { stdout } = await machine.exec(
    'readlink /opt/mqtt-saas/current; systemctl show -P MainPID mosquitto; nft -s -t list table inet mqtt_saas; cat /etc/systemd/system/registry-sync.service',
  );
  return stdout;
}

/** Applies a bundle that must be refused before anything changes. */
async function refused(machine: Machine, bundle: { archive: Buffer; hash: string }, reason: RegExp): Promise<string> {
  const before = await state(machine);
  const { code, stdout } = await apply(machine, upload(machine, bundle));
  expect(code === 1, `it ended with ${code}:\n${stdout}`);
  expect(reason.test(stdout), `it gave another reason than ${reason}:\n${stdout}`);
  expect((await state(machine)) === before, 'it changed the machine');
  return /REFUSED: \w+: (.{0,110})/.exec(stdout)?.[1] ?? '';
}

/** Hash of the bundle the machine booted with. */
export const first = ({ services }: Machine) => String(services.azure.blobs.get(`${CONTAINER}/current`));

/** The hash of the release in force. @throws Error when it is not as it was packed. */
export async function wholeRelease({ exec }: Machine): Promise<string> {
  const { code, stdout, stderr } = await exec(
    'cd /opt/mqtt-saas/current/ && sha256sum --check --quiet --strict SHA256SUMS && basename "$(pwd -P)"',
  );
  expect(
    code === 0,
    `the release in force is not whole: ${(stdout + stderr).trim().split('\n').slice(0, 3).join('; ')}`,
  );
  return stdout.trim();
}

export const checks: Check[] = [
  {
    name: 'a bundle applied again changes nothing',
    run: async (machine) => {
      const before = await state(machine);
      const { code, stdout } = await apply(machine, first(machine));
      expect(code === 0 && stdout.includes('it was already'), stdout);
      expect(stdout.trimEnd().endsWith(`\nIN FORCE: ${first(machine)}`), stdout);
      expect(stdout.includes('broker left alone'), stdout);
      expect((await state(machine)) === before, 'it changed the machine');
    },
  },
  {
    name: 'a bundle whose bytes are not those of its hash is refused, and the old one stays live',
    run: (machine) => {
      const { archive } = changed('users.conf', (text) => `${text}# another\n`);
      return refused(
        machine,
        { archive, hash: createHash('sha256').update('something else').digest('hex') },
        /corrupted/,
      );
    },
  },
  {
    name: 'a broker that lets in who has no name is refused before it is live',
    run: (machine) =>
      refused(
        machine,
        changed('mosquitto.conf', (text) =>
          text
            .replace('allow_anonymous false', 'allow_anonymous true')
            .replace(/^(use_username_as_clientid|plugin).*$/gm, ''),
        ),
        /a client without a user name was answered 0, not refused/,
      ),
  },
  {
    name: 'a broker without its gate is refused before it is live',
    run: (machine) =>
      refused(
        machine,
        changed('mosquitto.conf', (text) => text.replace(/^plugin.*$/gm, '')),
        /refused/,
      ),
  },
  {
    name: 'a broker that does not start is refused before it is live',
    run: (machine) =>
      refused(
        machine,
        changed('mosquitto.conf', (text) => `${text}no_such_option true\n`),
        /no_such_option/,
      ),
  },
  {
    name: 'a firewall that cannot be loaded is refused before it is live',
    run: (machine) =>
      refused(
        machine,
        changed('nftables.conf', (text) => `${text}nonsense\n`),
        /nft: .*syntax error/,
      ),
  },
  {
    name: 'a unit whose program is missing is refused before it is live',
    run: (machine) =>
      refused(
        machine,
        changed('units/registry-sync.service', (text) => text.replace('/bin/registry-sync.py', '/bin/none')),
        /none is not executable/,
      ),
  },
  {
    name: 'a bundle that fails on the real broker is switched back, and the broker is not touched',
    run: async (machine) => {
      const bundle = changed('settings.json', (text) =>
        text.replace(/("brokerHost": ")[^"]*/, '$1another.example.test'),
      );
      return refused(machine, bundle, /switched back; in force and probed/);
    },
  },
  {
    name: 'a bundle with which the real broker does not start is switched back, and the broker serves again',
    disturbs: true,
    run: async (machine) => {
      const before = await machine.exec('readlink /opt/mqtt-saas/current');
      const bundle = changed('mosquitto.conf', (text) =>
        text.replace(/^certfile .*$/m, 'certfile /run/mqtt-saas/none.crt'),
      );
      const { code, stdout } = await apply(machine, upload(machine, bundle));
      expect(code === 1 && stdout.includes('switched back; in force and probed'), `it ended with ${code}:\n${stdout}`);
      const after = await machine.exec('readlink /opt/mqtt-saas/current');
      expect(after.stdout === before.stdout, `in force: ${after.stdout}`);
      return /REFUSED: \w+: (.{0,110})/.exec(stdout)?.[1];
    },
  },
  {
    name: 'a changed queue limit is taken up by the broker that runs',
    run: async (machine) => {
      const before = (await state(machine)).split('\n')[1];
      const bundle = changed('mosquitto.conf', (text) =>
        text.replace(/^max_queued_bytes .*$/m, 'max_queued_bytes 12345678'),
      );
      const since = (await machine.exec('date +%s')).stdout.trim();
      const { code, stdout } = await apply(machine, upload(machine, bundle));
      expect(code === 0 && stdout.includes('told to reload'), stdout);
      expect((await state(machine)).split('\n')[1] === before, 'the broker was restarted');
      const { stdout: log } = await machine.exec(`journalctl -u mosquitto --since @${since} -o cat`);
      expect(log.includes('Reloading config'), `the broker did not reload:\n${log}`);
    },
  },
  {
    name: 'a boot that waited for a deployment does not undo it',
    run: async (machine) => {
      const other = upload(
        machine,
        changed('users.conf', (text) => `${text}# of a deployment that has not moved the pointer yet\n`),
      );
      const deployment = apply(machine, other);
      await machine.exec('systemctl restart --no-block broker-apply-boot');
      const { code, stdout } = await deployment;
      expect(code === 0, stdout);
      await bootRun(machine, 'start');
      const said = await inForce(machine);
      await apply(machine, first(machine));
      expect(said === other, `in force: ${said}`);
    },
  },
  {
    name: 'a release that is not whole any more is fetched again',
    run: async (machine) => {
      await machine.exec('truncate -s 0 /opt/mqtt-saas/current/bin/mqtt_saas/*.py');
      const said = await bootRun(machine, 'restart');
      expect(/NOT WHOLE: \w+: bin\/mqtt_saas\/\w+\.py is not what was packed; it is fetched again/.test(said), said);
      expect(said.includes(`\nIN FORCE: ${await inForce(machine)}`), said);
      const { code, stderr } = await machine.exec('cd /opt/mqtt-saas/current && sha256sum --check --quiet SHA256SUMS');
      expect(code === 0, stderr);
    },
  },
  {
    name: 'while it cannot be fetched the former release serves, and it comes back by itself',
    run: async (machine) => {
      const bundle = changed('users.conf', (text) => `${text}# soon broken\n`);
      const former = await inForce(machine);
      const { code, stdout } = await apply(machine, upload(machine, bundle));
      expect(code === 0, stdout);
      machine.services.azure.away.add('blob');
      try {
        await machine.exec('truncate -s 0 /opt/mqtt-saas/current/bin/*.py');
        const said = await bootRun(machine, 'restart');
        expect(said.includes(`falling back to the former release ${former}`), said);
        expect((await inForce(machine)) === former, said);
        await untilLetIn(machine, logins(machine).ingest);
      } finally {
        machine.services.azure.away.delete('blob');
      }
      const said = await bootRun(machine, 'restart');
      expect((await inForce(machine)) === bundle.hash, said);
      await apply(machine, former);
    },
  },
  {
    name: 'only root can hold its locks',
    run: async ({ exec }) => {
      const { stdout } = await exec(
        'ls /run/mqtt-saas-locks; for user in mosquitto nobody azureuser; do setpriv --reuid=$user --regid=$user --init-groups ' +
          'sh -c "for lock in apply certificate; do flock -n /run/mqtt-saas-locks/$lock true && echo $user held $lock; done"; done',
      );
      expect(stdout.includes('apply\n') && !stdout.includes('held'), stdout);
      const { code } = await exec('flock -n /run/mqtt-saas-locks/apply true');
      expect(code === 0, 'root cannot hold it either');
    },
  },
  {
    name: 'two at once: one waits, both succeed',
    run: async (machine) => {
      const other = upload(
        machine,
        changed('users.conf', (text) => `${text}# another\n`),
      );
      const results = await Promise.all([apply(machine, first(machine)), apply(machine, other)]);
      expect(
        results.every(({ code }) => code === 0),
        results.map(({ stdout }) => stdout).join('\n'),
      );
    },
  },
  {
    name: 'an added administrator reaches SSH, a removed one does not',
    run: async (machine) => {
      const { v4 } = machine.addresses.outsider;
      const opens = async () =>
        (await machine.outsider(`timeout 3 sh -c 'nc -z -w 2 ${machine.addresses.machine.v4} 22'`)).code === 0;
      const bundle = changed('nftables.conf', (text) => text.replace(/ip saddr \{ /, `ip saddr { ${v4}, `));
      expect(!(await opens()), 'the outsider reached SSH before');
      const widened = await apply(machine, upload(machine, bundle));
      expect(widened.code === 0 && (await opens()), `the outsider does not reach SSH:\n${widened.stdout}`);
      await apply(machine, first(machine));
      expect(!(await opens()), 'the outsider still reaches SSH');
    },
  },
  {
    name: 'a machine that was off during a deployment catches up when it boots',
    run: async (machine) => {
      const bundle = changed('users.conf', (text) => `${text}# deployed meanwhile\n`);
      const before = first(machine);
      publishBundle(machine.services, bundle);
      await machine.exec('systemctl restart broker-apply-boot', { timeoutMs: 120_000 });
      const { stdout } = await machine.exec('readlink /opt/mqtt-saas/current');
      point(machine, before);
      await machine.exec('systemctl restart broker-apply-boot', { timeoutMs: 120_000 });
      expect(stdout.includes(bundle.hash), `in force: ${stdout}`);
    },
  },
];

/** Hash of the release in force. */
const inForce = async (machine: Machine) =>
  (await machine.exec('basename "$(readlink -f /opt/mqtt-saas/current)"')).stdout.trim();

/** Has the boot's unit run to its end; gives what it said. */
async function bootRun({ exec }: Machine, verb: 'start' | 'restart'): Promise<string> {
  const since = (await exec('date +%s')).stdout.trim();
  await exec(`systemctl ${verb} broker-apply-boot`, { timeoutMs: 180_000 });
  return (await exec(`journalctl -u broker-apply-boot --since @${since} -o cat --no-pager`)).stdout;
}
