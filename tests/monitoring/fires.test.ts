// Every part is really broken, one after another: the alert is mailed in time, and once more when it is over. Prometheus, Alertmanager,
// node exporter, broker, database and worker are the real ones; scrapes, evaluations and Alertmanager's waits are those that are rendered.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePages } from '../../functions/health/pages.ts';
import { servePages } from '../../functions/health/server.ts';
import { readHealthSettings } from '../../functions/settings/health.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { freePort } from '../../lab/ports.ts';
import { ALERTS, type AlertName, type PlatformAlert } from '../../provisioning/monitoring/alerts.ts';
import { type Station, startStation } from './station.ts';

/** `for`, ranges and thresholds of seconds are this much shorter than in the rules that are delivered; nothing else is. */
const FASTER = 6;
/** From the break to the mail, beyond the rule's `for` and what it counts in seconds. */
const PROMISED_MS = 30_000;

let rig: Lab;
let station: Station;
let stopPages: () => Promise<void>;
beforeAll(async () => {
  rig = await startLab({ devices: 1, fsync: true, worker: true });
  const port = await freePort();
  ({ stop: stopPages } = await servePages(makePages(readHealthSettings(rig.env('health'))), port, 'api/metrics'));
  station = await startStation(rig.dir, `127.0.0.1:${port}`, FASTER);
});
afterAll(async () => {
  await station?.stop();
  await stopPages?.();
  await rig?.stop();
});

/** Breaks something, waits for the alert, repairs it, and waits for the end of the alert. */
async function breakAndRepair(alert: AlertName, breakIt: () => unknown, repair: () => unknown) {
  const { minutes, threshold, unit }: PlatformAlert = ALERTS[alert];
  const timeout = ((minutes * 60 + (unit === 'seconds' ? threshold : 0)) / FASTER) * 1000 + PROMISED_MS;
  await breakIt();
  await expect.poll(() => station.told(alert, 'firing'), { timeout, interval: 200 }).toBe(true);
  await repair();
  await expect.poll(() => station.told(alert, 'resolved'), { timeout: 90_000, interval: 200 }).toBe(true);
}

test('the broker', () =>
  breakAndRepair(
    'broker-down',
    () => rig.broker.kill(),
    () => rig.startBroker(),
  ));
