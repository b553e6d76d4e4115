// Every part is really broken, one after another: the alert is mailed in time, and once more when it is over. Prometheus, Alertmanager,
// node exporter, broker, database and worker are the real ones; scrapes, evaluations and Alertmanager's waits are those that are rendered.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePages } from '../../functions/health/pages.ts';
import { servePages } from '../../functions/health/server.ts';
import { readHealthSettings } from '../../functions/settings/health.ts';
import { issue } from '../../lab/authority.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { freePort } from '../../lab/ports.ts';
import { readRegistry, upsertServiceAccount } from '../../provisioning/database/registry.ts';
import { ALERTS, type AlertName, type PlatformAlert } from '../../provisioning/monitoring/alerts.ts';
import { type Station, startStation } from './station.ts';

/** `for`, ranges and thresholds of seconds are this much shorter than in the rules that are delivered; nothing else is. */
const FASTER = 10;
/** From the break to the mail, beyond the rule's `for` and what it counts in seconds. */
const PROMISED_MS = 30_000;
const GIB = 2 ** 30;

let rig: Lab;
let station: Station;
let stopPages: () => Promise<void>;
beforeAll(async () => {
  rig = await startLab({ devices: 1, fsync: true, worker: true });
  // A worker cannot tell of its own end: somebody else answers.
  const port = await freePort();
  ({ stop: stopPages } = await servePages(makePages(readHealthSettings(rig.env('health'))), port, 'api/metrics'));
  station = await startStation(rig.dir, `127.0.0.1:${port}`, FASTER);
  setFreeDisk(5);
});
afterAll(async () => {
  await station?.stop();
  await stopPages?.();
  await rig?.stop();
});

/** As the machine's watchdog leaves it for node exporter: docs/machine.md, "Figures". */
const setFreeDisk = (gib: number) =>
  station.figures(
    `# TYPE mqtt_saas_watch_data_disk_free_bytes gauge\nmqtt_saas_watch_data_disk_free_bytes ${Math.round(gib * GIB)}\n`,
  );
/** As ops/backup notes it. */
const setBackup = async (hoursAgo: number) => {
  await rig.admin.query(`select ingest.record_backup('backup', 'night', clock_timestamp(), 1, 1, null)`);
  await rig.admin.query(`update ingest.backups set ended_at = clock_timestamp() - interval '${hoursAgo} hours'`);
};
/** A day that was detached then, and waits. */
const setWaiting = async (hoursAgo: number) => {
  await rig.admin.query('update ingest.retention set archive = true');
  await rig.admin.query(`insert into ingest.retired_days (day, retired_at) values ('2026-01-01', clock_timestamp() - interval '${hoursAgo} hours')
    on conflict (day) do update set retired_at = excluded.retired_at`);
};
async function setCertificate(days: number) {
  const { certificateFile, keyFile, caFile } = rig.broker.certificates;
  const key = readFileSync(join(dirname(caFile), 'ca.key'), 'utf8');
  const authority = { certificate: readFileSync(caFile, 'utf8'), key };
  const pair = await issue(authority, ['localhost'], ['127.0.0.1'], { from: -1, to: days });
  writeFileSync(certificateFile, pair.certificate);
  writeFileSync(keyFile, pair.key);
  rig.broker.child.kill('SIGHUP');
}
/** Ingest holds its lease, and the broker refuses it. */
async function setIngestKey(key: string) {
  await upsertServiceAccount(rig.admin, { username: 'svc-ingest', purpose: 'ingest', key });
  rig.broker.sync(await readRegistry(rig.admin));
  // The connection that it has ends.
  await rig.startBroker();
}

/** Each break, and its end. The next one does not wait until the end of the former is mailed. */
const BREAKS: [AlertName, () => unknown, () => unknown][] = [
  ['backup-old', () => setBackup(27), () => setBackup(1)],
  ['archive-behind', () => setWaiting(51), () => setWaiting(1)],
  ['certificate-ending', () => setCertificate(13), () => setCertificate(90)],
  ['data-disk-full', () => setFreeDisk(0.5), () => setFreeDisk(5)],
  ['ingest-lagging', () => setIngestKey('another'), () => setIngestKey(rig.serviceKey)],
  ['ingest-stalled', () => rig.worker.stop(), () => rig.startWorker()],
  // Last: ingest falls behind with them.
  ['broker-down', () => rig.broker.kill(), () => rig.startBroker()],
  ['database-down', () => rig.postgres.stop(), () => rig.restartPostgres()],
];

test.each(BREAKS)('%s is mailed and sent in time', async (alert, breakIt, repair) => {
  const { minutes, threshold, unit }: PlatformAlert = ALERTS[alert];
  const timeout = ((minutes * 60 + (unit === 'seconds' ? threshold : 0)) / FASTER) * 1000 + PROMISED_MS;
  expect(station.told(alert, 'firing')).toBe(false);
  await breakIt();
  await expect.poll(() => station.told(alert, 'firing'), { timeout, interval: 200 }).toBe(true);
  await repair();
});

test.each(BREAKS.map(([alert]) => alert))('the end of %s is mailed and sent', async (alert) => {
  await expect.poll(() => station.told(alert, 'resolved'), { timeout: 90_000, interval: 200 }).toBe(true);
});

test('nothing else fired than what was broken, and what follows: a worker that is stopped runs no jobs', () => {
  const follows: AlertName[] = ['broker-flapping', 'functions-failing'];
  const broken = BREAKS.map(([alert]) => alert);
  expect(station.fired().filter((name) => ![...broken, ...follows].includes(name as AlertName))).toEqual([]);
  expect(station.watchdogs()).toBeGreaterThan(0);
});
