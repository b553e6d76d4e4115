// More bad luck (bad-luck.ts): the memory limit, the clock, and a reboot in the middle of each step of a deployment.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { addDevice, removeTenant } from '../../../provisioning/database/registry.ts';
import { type Check, expect, type Machine } from '../machine.ts';
import { connect, INGEST_SESSION, logins, untilLetIn } from '../mqtt.ts';
import { must } from '../process.ts';
import { BLOB_HOST } from '../services.ts';
import { expectAll, figure, isServed, journal, saved, until } from './bad-luck.ts';
import { changed, first, upload, wholeRelease } from './bundle.ts';
import { drain, queue } from './durability.ts';

const DAY_SECONDS = 86_400;
const LIMITS = '/run/memory-limit';
/** What the broker may take beside what it has; a limit that counts what it has would end it before it takes anything. */
const MORE_BYTES = 8 * 1024 ** 2;

/** The broker's process, as this program numbers it. */
function brokerHere(): string {
  const found = readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/comm`, 'utf8') === 'mosquitto\n';
    } catch {
      return false;
    }
  });
  expect(found.length === 1, `${found.length} brokers run`);
  return found[0]!;
}

/**
 * The seconds of a file are added to the clock of the broker, by libfaketime, and of our programs, by Python itself: that library
 * breaks Python's sleep. The real clock is the host's.
 */
const PROGRAMS = 'registry-sync save-state watch-broker probe-broker certificate-deploy backup-state';
const WITH_CLOCK = `
  apt-get install --yes --quiet libfaketime >/dev/null && echo +0 >/run/clock && mkdir -p /run/with-clock &&
  printf '%s\\n' 'import time' 'real = time.time' 'time.time = lambda: real() + float(open("/run/clock").read())' \\
    >/run/with-clock/sitecustomize.py &&
  set_in() { mkdir -p "/run/systemd/system/$1.service.d" && printf '[Service]\\nEnvironment=%s\\n' "$2" \\
    >"/run/systemd/system/$1.service.d/clock.conf"; } &&
  set_in mosquitto "LD_PRELOAD=$(ls /usr/lib/*/faketime/libfaketime.so.1) FAKETIME_TIMESTAMP_FILE=/run/clock FAKETIME_NO_CACHE=1 \\
    FAKETIME_DISABLE_SHM=1 DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1" &&
  for unit in ${PROGRAMS}; do set_in $unit PYTHONPATH=/run/with-clock; done &&
  chmod -R a+rX /run/clock /run/with-clock && systemctl daemon-reload && systemctl restart mosquitto registry-sync save-state`;
const WITHOUT_CLOCK = `rm /run/systemd/system/*.service.d/clock.conf; systemctl daemon-reload
  systemctl restart mosquitto registry-sync save-state`;

/** By how many seconds the time in the gate's stamps is ahead. */
async function stampIsAhead(machine: Machine): Promise<number> {
  const ingest = await connect(machine, logins(machine).ingest, INGEST_SESSION);
  const stamp = new Promise<number>((resolve) => {
    ingest.on('message', (_topic, _payload, { properties }) => {
      const values = Object.values(properties?.userProperties ?? {}).flat();
      resolve(Number(values.find((value) => /^\d+\.[0-9a-f]{8}\./.test(value))?.split('.')[0]));
    });
  });
  await queue(machine, 1, 'stamped');
  const late = sleep(10_000, Number.NaN);
  const ahead = (await Promise.race([stamp, late])) / 1000 - Date.now() / 1000;
  await ingest.endAsync();
  return ahead;
}

/** Reboots in order when a deployment has printed a number of lines, or its broker restarts. */
const MOMENTS = ['1', '2', '3', 'broker', '4'] as const;
const isThen = (moment: (typeof MOMENTS)[number]) =>
  moment === 'broker' ? '! systemctl is-active --quiet mosquitto' : `[ "$(wc -l </run/said)" -ge ${moment} ]`;

export const checks: Check[] = [
  {
    name: 'a broker that reaches its memory limit is ended by the kernel, starts again, and has what was saved',
    disturbs: true,
    run: async (machine) => {
      await drain(machine);
      const queued = await queue(machine, 100, 'limited');
      await saved(machine);
      // The broker's own limit needs a controller that a container of this host lacks; the kernel's part is the same.
      mkdirSync(LIMITS, { recursive: true });
      await must('mount', ['-t', 'cgroup', '-o', 'memory', 'none', LIMITS]);
      const group = `${LIMITS}/${process.pid}`;
      mkdirSync(group);
      writeFileSync(`${group}/memory.limit_in_bytes`, String(MORE_BYTES));
      writeFileSync(`${group}/cgroup.procs`, brokerHere());
      const device = await connect(machine, logins(machine).acme);
      device.on('error', () => {});
      const closed = new Promise((resolve) => device.once('close', () => resolve(undefined)));
      const payload = Buffer.alloc(100_000, ' ');
      for (let number = 0; device.connected && number < 1000; number += 1) {
        await Promise.race([device.publishAsync('tenants/acme/devices/pump-1/telemetry', payload, { qos: 1 }), closed]);
      }
      expect(!device.connected, 'the broker took 100 MB');
      const count = readFileSync(`${group}/memory.failcnt`, 'utf8').trim();
      expect(Number(count) > 0, 'the limit was not reached');
      await must('rmdir', [group]);
      const back = await until('the broker serves again', () => isServed(machine));
      expectAll(queued, await drain(machine));
      expect(
        /status=9\/KILL|oom-kill/.test(await journal(machine, 'mosquitto')),
        'the journal does not say how it ended',
      );
      return `back after ${back}`;
    },
  },
  {
    name: 'with the clock a day ahead, and a day back, the broker serves, saves and takes new devices, and loses nothing',
    disturbs: true,
    run: async (machine) => {
      const { exec, database } = machine;
      await drain(machine);
      const installed = await exec(WITH_CLOCK, { timeoutMs: 180_000 });
      expect(installed.code === 0, installed.stdout + installed.stderr);
      await until('the broker serves', () => isServed(machine));
      const since = (await exec('date +%s')).stdout.trim();
      const tenant = { tenant: 'clock', createTenant: true };
      try {
        for (const days of [1, -1]) {
          const queued = await queue(machine, 50, `before ${days}`);
          await exec(`echo ${days > 0 ? '+' : ''}${days * DAY_SECONDS} >/run/clock`);
          queued.push(...(await queue(machine, 50, `after ${days}`)));
          await saved(machine);
          const { username, key } = await addDevice(database.client, { ...tenant, device: `d${days + 1}` });
          await untilLetIn(machine, { username, password: key });
          await exec('systemctl start watch-broker certificate-deploy backup-state');
          const answered = 'mqtt_saas_watch_answered_timestamp_seconds';
          const at = (await figure(machine, 'watch-broker/broker-watch.prom', answered)) ?? 0;
          const ahead = (at * 1000 - Date.now()) / 1000 / DAY_SECONDS;
          expect(Math.abs(ahead - days) < 0.1, `watch-broker's clock is ${ahead} days ahead`);
          await machine.exec('systemctl kill --signal=KILL mosquitto');
          await until('the broker serves again', () => isServed(machine));
          expectAll(queued, await drain(machine));
          const stamped = (await stampIsAhead(machine)) / DAY_SECONDS;
          expect(Math.abs(stamped - days) < 0.1, `the gate's clock is ${stamped} days ahead`);
        }
        const { stdout } = await exec(`journalctl --since @${since} -u watch-broker -o cat | grep -F 'A PERSON'`);
        expect(stdout === '', stdout);
      } finally {
        await exec(WITHOUT_CLOCK, { timeoutMs: 120_000 });
        await removeTenant(database.client, 'clock');
      }
      return undefined;
    },
  },
  {
    name: 'a reboot in the middle of any step of a deployment leaves one of the two releases, whole, and loses nothing',
    disturbs: true,
    run: async (machine) => {
      const { exec, power } = machine;
      await drain(machine);
      const queued: string[] = [];
      const ends: string[] = [];
      for (const [turn, moment] of MOMENTS.entries()) {
        queued.push(...(await queue(machine, 20, `step-${moment}`)));
        const before = await wholeRelease(machine);
        const hash = upload(
          machine,
          changed('mosquitto.conf', (text) => text.replace(/^max_connections .*$/gm, `max_connections ${1900 + turn}`)),
        );
        const { code } = await exec(
          `: >/run/said; systemd-run --quiet --unit=deployment --property=StandardOutput=file:/run/said --property=TimeoutStopSec=5 \
             /usr/local/sbin/broker-apply --from https://${BLOB_HOST}/broker-bundles ${hash}
           for i in $(seq 600); do ${isThen(moment)} && exit 0; sleep 0.05; done; cat /run/said; exit 1`,
        );
        expect(code === 0, `${moment} did not come`);
        await power.reboot();
        await until('the broker serves', () => isServed(machine));
        await until('the boot says what is in force', async () =>
          /^IN FORCE: /m.test(await journal(machine, 'broker-apply-boot')),
        );
        const after = await wholeRelease(machine);
        expect([before, hash, first(machine)].includes(after), `in force after ${moment}: ${after}`);
        ends.push(after === hash ? 'new' : 'old');
      }
      expectAll(queued, await drain(machine));
      return ends.join(', ');
    },
  },
];
