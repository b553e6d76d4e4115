// Bad luck, one kind after another: the machine comes back by itself, keeps what was acknowledged, or says what a person must
// do, in its figures and its journal. What happens is done by the real means; where that is not possible here,
// docs/machine.md says what stands for it.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SECRETS } from '../../../stacks/tables/secrets.ts';
import { issueForBroker } from '../environment.ts';
import { type Check, expect, type Machine } from '../machine.ts';
import { connect, logins } from '../mqtt.ts';
import { drain, queue } from './durability.ts';

/** In which everything must have ended by itself, or a person been called; ms. */
const PATIENCE_MS = 300_000;
const FIGURES = '/run/mqtt-saas-metrics';

/** The value of a figure; undefined when it is not there. */
export async function figure({ exec }: Machine, file: string, name: string): Promise<number | undefined> {
  const { stdout } = await exec(`cat ${FIGURES}/${file}`);
  const line = stdout.split('\n').find((text) => text.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

/** Waits until something is so. Gives the seconds it took. @throws Error naming what is not so after `patienceMs`. */
export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  { patienceMs = PATIENCE_MS, everyMs = 1000 } = {},
): Promise<string> {
  const started = Date.now();
  while (!(await isSo())) {
    expect(Date.now() - started < patienceMs, `not after ${patienceMs / 1000} s: ${what}`);
    await sleep(everyMs);
  }
  return `${((Date.now() - started) / 1000).toFixed(0)} s`;
}

export const isServed = (machine: Machine) =>
  connect(machine, logins(machine).acme, { connectTimeout: 3000 }).then(
    (client) => client.endAsync().then(() => true),
    () => false,
  );

export const journal = async ({ exec }: Machine, unit: string) =>
  (await exec(`journalctl -b -u ${unit} --no-pager -o cat`)).stdout;

/** Waits for a save, judged whole, that began after now. */
export async function saved(machine: Machine): Promise<void> {
  const at = async () => (await machine.exec('stat -c %.9Y /var/lib/mosquitto/mosquitto.db.whole')).stdout;
  for (let save = 0; save < 2; save += 1) {
    const before = await at();
    await until('a save', async () => (await at()) !== before, { patienceMs: 60_000, everyMs: 300 });
  }
}

export function expectAll(queued: string[], left: Set<string>): void {
  const lost = queued.filter((payload) => !left.has(payload)).length;
  expect(lost === 0, `${lost} of ${queued.length} acknowledged messages are lost`);
}

export const checks: Check[] = [
  {
    name: 'an empty state, as a full disk leaves one, makes way for the last whole one',
    disturbs: true,
    run: async (machine) => {
      const { exec } = machine;
      await drain(machine);
      const queued = await queue(machine, 100, 'empty');
      await exec('systemctl stop mosquitto', { timeoutMs: 120_000 });
      await sleep(6000);
      await exec('cd /var/lib/mosquitto && rm mosquitto.db && install -o mosquitto -m 600 /dev/null mosquitto.db');
      await exec('systemctl start mosquitto', { timeoutMs: 120_000 });
      expectAll(queued, await drain(machine));
      expect((await journal(machine, 'mosquitto')).includes('the broker starts from the last whole save'), 'not said');
      const at = await figure(
        machine,
        'broker/broker-start.prom',
        'mqtt_saas_broker_start_from_kept_state_timestamp_seconds',
      );
      expect(at, 'no figure says so');
      return undefined;
    },
  },
  {
    name: 'with the data disk full a power cut takes nothing that was saved, and the machine says what to do',
    disturbs: true,
    run: async (machine) => {
      const { exec, power } = machine;
      const isFull = async () =>
        (await figure(machine, 'save-state/broker-state.prom', 'mqtt_saas_broker_state_failing{reason="no_room"}')) ===
        1;
      await drain(machine);
      const queued = await queue(machine, 20, 'full');
      await saved(machine);
      // Until the reserve is used up, too.
      const fill =
        'cd /var/lib/mosquitto && dd if=/dev/zero bs=1M of=filler oflag=append conv=notrunc status=none; sync';
      await until('save-state says that there is no room', async () => {
        await exec(fill);
        return isFull();
      });
      await queue(machine, 20, 'later');
      await sleep(12_000);
      expect((await journal(machine, 'save-state')).includes('set a larger dataDiskGb'), 'the journal names no remedy');
      await power.kill();
      await power.start();
      await power.waitUntilBooted();
      expectAll(queued, await drain(machine));
      await exec('rm /var/lib/mosquitto/filler');
      return `room again after ${await until('there is room again', async () => !(await isFull()))}`;
    },
  },
  {
    name: 'a data disk with an error takes no more writes, is repaired, and nothing acknowledged is lost',
    disturbs: true,
    run: async (machine) => {
      const { exec } = machine;
      await drain(machine);
      const before = await queue(machine, 200, 'before');
      const device = (await exec('lsblk -no KNAME "$(readlink -f "$(findmnt -nfo SOURCE /var/lib/mosquitto)")"'))
        .stdout;
      writeFileSync(`/sys/fs/ext4/${device.trim()}/trigger_fs_error`, 'test');
      const meanwhile = await queue(machine, 200, 'meanwhile');
      const isReadOnly = async () =>
        /(^|,)(emergency_)?ro(,|$)/m.test((await exec('findmnt -no FS-OPTIONS /var/lib/mosquitto')).stdout);
      expect(await isReadOnly(), 'the disk still takes writes');
      const repaired = await until(
        'the disk takes writes, and the broker serves',
        async () => !(await isReadOnly()) && (await isServed(machine)),
      );
      expectAll([...before, ...meanwhile], await drain(machine));
      return `repaired after ${repaired}`;
    },
  },
  {
    name: 'a broker that hangs is restarted, and loses nothing',
    disturbs: true,
    run: async (machine) => {
      await drain(machine);
      const queued = await queue(machine, 200, 'hung');
      await machine.exec('systemctl kill --kill-who=main --signal=STOP mosquitto');
      expect(!(await isServed(machine)), 'it still serves');
      const back = await until('the broker serves again', () => isServed(machine));
      expectAll(queued, await drain(machine));
      expect((await journal(machine, 'watch-broker')).includes('no_answer: restart'), 'not said');
      return `back after ${back}`;
    },
  },
  {
    name: 'with the vault and the database away a boot serves with what it had, and takes up what is new when they are back',
    disturbs: true,
    run: async (machine) => {
      const { services, database, exec } = machine;
      await database.client.query('alter role broker_sync nologin');
      services.azure.away.add('vault');
      let served: string;
      try {
        await machine.power.reboot();
        served = await until('the broker serves', () => isServed(machine));
        const disk = await figure(machine, 'check-data-disk/data-disk.prom', 'mqtt_saas_data_disk_check_result');
        expect(disk === 0 || disk === 1, `the check of the data disk ended with ${disk}`);
      } finally {
        services.azure.away.delete('vault');
        await database.client.query('alter role broker_sync login');
      }
      await until('the secrets are new', async () => (await exec('test -e /run/mqtt-saas/old-secrets')).code !== 0);
      await until(
        'the registry is read',
        async () => (await exec('grep -q "^mqtt_saas_registry_up 1" /run/registry-sync/registry-sync.prom')).code === 0,
      );
      return `served ${served} after the boot`;
    },
  },
  {
    name: 'a pair in the vault that does not fit, and one that has expired, stop no boot',
    disturbs: true,
    run: async (machine) => {
      const { secrets } = machine.services.azure;
      const good = { certificate: secrets.get(SECRETS.certificate) ?? '', key: secrets.get(SECRETS.key) ?? '' };
      const put = ({ certificate, key }: typeof good) =>
        secrets.set(SECRETS.certificate, certificate).set(SECRETS.key, key);
      try {
        const bad = [{ ...good, key: (await issueForBroker()).key }, await issueForBroker({ from: -90, to: -1 })];
        for (const pair of bad) {
          put(pair);
          await machine.power.reboot();
          await until('the broker serves the last good certificate', () => isServed(machine), { patienceMs: 60_000 });
          const said = await journal(machine, 'mosquitto');
          expect(said.includes('the broker starts with the last good one'), said);
          await machine.exec('systemctl restart certificate-deploy.service');
          const ok = await figure(machine, 'certificate.prom', 'mqtt_saas_certificate_deploy_ok');
          expect(ok === 0, `the figure says ${ok}`);
        }
      } finally {
        put(good);
        await machine.exec('systemctl restart certificate-deploy.service');
      }
      return undefined;
    },
  },
  {
    name: 'units that are killed come back, and one that fails is named in a figure',
    disturbs: true,
    run: async (machine) => {
      const { exec } = machine;
      const running = 'registry-sync save-state';
      await exec(`systemctl kill --signal=KILL ${running}; systemd-run --unit=doomed false`);
      await sleep(1000);
      const back = await until('they run', async () => (await exec(`systemctl is-active ${running}`)).code === 0);
      await exec('systemctl start watch-broker');
      const named = await figure(
        machine,
        'watch-broker/broker-watch.prom',
        'mqtt_saas_watch_failed_unit{name="doomed.service"}',
      );
      await exec('systemctl reset-failed doomed');
      expect(named === 1, 'no figure names the failed unit');
      expect((await journal(machine, 'watch-broker')).includes('doomed.service has failed'), 'the journal does not');
      return `back after ${back}`;
    },
  },
];
