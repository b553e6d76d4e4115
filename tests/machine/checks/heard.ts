// The machine is heard: its figures are in Azure Monitor, and it calls the Function App's timers when they have stopped.
import { setTimeout as sleep } from 'node:timers/promises';
import { METRIC_NAMESPACE, MONITORED } from '../../../provisioning/machine/bundle/monitored.ts';
import { SECRETS } from '../../../stacks/tables/secrets.ts';
import { type Check, expect, type Machine } from '../machine.ts';

/** Of a program that runs later than in a machine's first minutes. */
const LATER = ['StateCopyAgeSeconds'];
const LOOK_MS = 500;
const PATIENCE_MS = 90_000;

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`not after ${PATIENCE_MS / 1000} s: ${what}`);
    await sleep(LOOK_MS);
  }
}

/** Sets when the timers ran last, waits until registry-sync has seen it, and has the machine look at them. @returns who was called. */
async function lookAtTimers({ exec, database, services }: Machine, ago: string): Promise<string[]> {
  await database.client.query(`
    insert into ingest.job_runs (name, started_at) values ('every_minute', now() - interval '${ago}')
      on conflict (name) do update set started_at = excluded.started_at;
    select ingest.acquire_lease('mqtt-ingest', 'the test', '1 second');
    alter table ingest.leases disable trigger note_lease;
    update ingest.leases set seen_at = now() - interval '${ago}';
    alter table ingest.leases enable trigger note_lease`);
  const seconds = Number(/^\d+/.exec(ago)![0]);
  const ages = async () => {
    const { stdout } = await exec('grep -o "timer_age_seconds{.*" /run/registry-sync/registry-sync.prom');
    return [...stdout.matchAll(/} ([\d.]+)$/gm)].map(([, age]) => Number(age));
  };
  await until(`registry-sync knows that the timers ran ${ago} ago`, async () => {
    const found = await ages();
    return found.length === 2 && found.every((age) => age >= seconds && age < seconds + 120);
  });
  // One that is under way has begun before.
  await exec('systemctl stop call-timers.timer call-timers.service');
  services.azure.called.length = 0;
  await exec('systemctl start call-timers.service');
  const called = [...services.azure.called].sort();
  await exec('systemctl start call-timers.timer');
  return called;
}

export const checks: Check[] = [
  {
    name: 'its figures are in Azure Monitor, each under its name',
    run: async ({ exec, services: { azure } }) => {
      await until('figures were sent', () => azure.metrics.has(`${METRIC_NAMESPACE} BrokerUp`));
      await exec(
        'systemctl start certificate-deploy save-state watch-broker check-machine; systemctl start send-figures',
      );
      const missing = Object.keys(MONITORED).filter((name) => !azure.metrics.has(`${METRIC_NAMESPACE} ${name}`));
      const lost = missing.filter((name) => !LATER.includes(name));
      expect(lost.length === 0, `not sent: ${lost.join(', ')}`);
      const value = (name: keyof typeof MONITORED) => azure.metrics.get(`${METRIC_NAMESPACE} ${name}`)!;
      expect(value('BrokerUp') === 1, `BrokerUp is ${value('BrokerUp')}`);
      expect(value('MemoryAvailableBytes') > 2 ** 20, `MemoryAvailableBytes is ${value('MemoryAvailableBytes')}`);
      expect(value('StateAgeSeconds') < 300, `StateAgeSeconds is ${value('StateAgeSeconds')}`);
      expect(value('CertificateDaysLeft') > 1, `CertificateDaysLeft is ${value('CertificateDaysLeft')}`);
      return `${azure.metrics.size} metrics`;
    },
  },
  {
    name: 'anybody on it can print the same figures for Prometheus',
    run: async ({ exec }) => {
      const { code, stdout, stderr } = await exec(
        'setpriv --reuid=nobody --regid=nogroup --clear-groups /opt/mqtt-saas/current/bin/show-figures.py',
      );
      expect(code === 0 && stderr === '', stderr);
      for (const figure of ['mqtt_saas_watch_up 1', 'mqtt_saas_registry_up 1', 'mqtt_saas_broker_queue_messages '])
        expect(stdout.includes(`\n${figure}`), `${figure} is missing:\n${stdout}`);
      return undefined;
    },
  },
  {
    name: 'it calls timers that have stopped, and none that runs',
    run: async (machine) => {
      const late = await lookAtTimers(machine, '600 seconds');
      const { stdout } = await machine.exec('journalctl -n 40 -o cat -u call-timers');
      expect(late.join() === 'every_minute,mqtt_ingest', `called while late: ${late.join()}\n${stdout}`);
      expect(/every_minute last ran 1\d minutes ago: timer late, called: answered 200/.test(stdout), stdout);
      const key = machine.services.azure.secrets.get(SECRETS.timerKey);
      expect(key !== undefined && !stdout.includes(key), 'the key is in the journal');
      const { stdout: left } = await machine.exec('ls /run/mqtt-saas-metrics/call-timers');
      expect(!left.includes('key'), `the key was left: ${left}`);
      const fresh = await lookAtTimers(machine, '1 second');
      expect(fresh.length === 0, `called while fresh: ${fresh.join()}`);
      return undefined;
    },
  },
];
