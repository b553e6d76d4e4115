// Somebody's monitoring beside a platform: the real Prometheus, Alertmanager and node exporter with the files that the platform renders,
// and what they tell: a mailbox and a webhook. Each ends with this process.
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, stopChild } from '../../lab/child.ts';
import { freePort } from '../../lab/ports.ts';
import { renderAlertmanager } from '../../provisioning/monitoring/alertmanager.ts';
import type { AlertName } from '../../provisioning/monitoring/alerts.ts';
import { renderPrometheus, renderRules } from '../../provisioning/monitoring/prometheus.ts';
import { startMailbox } from '../auth/mailbox.ts';

/** Debian's Alertmanager has the package's name. */
const PROGRAMS = {
  prometheus: 'prometheus',
  alertmanager: 'prometheus-alertmanager',
  exporter: 'prometheus-node-exporter',
};
const OPERATORS = 'operators@example.com';

/** What the station heard of an alert. */
export interface Station {
  /** Whether a mail and a request told of it. */
  told(alert: AlertName, state: 'firing' | 'resolved'): boolean;
  /** Requests of the watchdog. */
  watchdogs(): number;
  /** Writes a machine's figures, as its programs leave them for node exporter. */
  figures(text: string): void;
  /** The names of alerts that have fired so far. */
  fired(): string[];
  stop(): Promise<void>;
}

/** Starts all. @param app host and port of the metrics. @param faster see renderRules. */
export async function startStation(dir: string, app: string, faster: number): Promise<Station> {
  const mailbox = await startMailbox();
  const hook = await startHook();
  const [prometheus, alertmanager, exporter] = [await freePort(), await freePort(), await freePort()];
  const figuresDir = join(dir, 'figures');
  mkdirSync(figuresDir, { recursive: true });
  const mail = { to: OPERATORS, from: 'alerts@example.com', smarthost: `127.0.0.1:${mailbox.port}`, requireTls: false };
  const address = (port: number) => `127.0.0.1:${port}`;
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  file('rules.yml', renderRules(faster));
  const configs = {
    alertmanager: file(
      'alertmanager.yml',
      renderAlertmanager({ mail, webhook: `${hook.url}/alerts`, watchdog: `${hook.url}/watchdog` }),
    ),
    prometheus: file(
      'prometheus.yml',
      renderPrometheus({
        app,
        path: '/api/metrics',
        https: false,
        machine: address(exporter),
        alertmanager: address(alertmanager),
      }),
    ),
  };
  const start = (program: string, ...args: string[]) => startChild(program, args, { stdio: 'ignore' });
  const children = [
    start(
      PROGRAMS.exporter,
      '--collector.disable-defaults',
      '--collector.textfile',
      `--collector.textfile.directory=${figuresDir}`,
      `--web.listen-address=${address(exporter)}`,
    ),
    start(
      PROGRAMS.alertmanager,
      `--config.file=${configs.alertmanager}`,
      `--storage.path=${join(dir, 'alertmanager')}`,
      `--web.listen-address=${address(alertmanager)}`,
      '--cluster.listen-address=',
    ),
    start(
      PROGRAMS.prometheus,
      `--config.file=${configs.prometheus}`,
      `--storage.tsdb.path=${join(dir, 'prometheus')}`,
      `--web.listen-address=${address(prometheus)}`,
    ),
  ];
  for (const port of [exporter, alertmanager, prometheus]) await untilReady(`http://${address(port)}/metrics`);
  // Somebody fetches the machine's file again and again, changed or not.
  let fetching: NodeJS.Timeout | undefined;
  return {
    told: (alert, state) => {
      const word = state === 'firing' ? '[FIRING:' : '[RESOLVED]';
      const mailed = mailbox.received.some(({ subject }) => subject.startsWith(word) && subject.includes(` ${alert} `));
      return mailed && hook.alerts.some((each) => each.name === alert && each.status === state);
    },
    watchdogs: () => hook.watchdogs,
    figures: (text) => {
      clearInterval(fetching);
      fetching = setInterval(() => file('figures/machine.prom', text), 10_000);
      file('figures/machine.prom', text);
    },
    fired: () => [...new Set(hook.alerts.filter(({ status }) => status === 'firing').map(({ name }) => name))],
    stop: async () => {
      clearInterval(fetching);
      await Promise.all(children.map((child) => stopChild(child)));
      await hook.stop();
      await mailbox.stop();
    },
  };
}

/** Takes Alertmanager's requests. */
async function startHook() {
  const alerts: { name: string; status: string }[] = [];
  const found = { url: '', alerts, watchdogs: 0, stop: async () => {} };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.url === '/watchdog') found.watchdogs += 1;
    else {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as {
        alerts: { status: string; labels: { alertname: string } }[];
      };
      for (const { status, labels } of body.alerts) alerts.push({ name: labels.alertname, status });
    }
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as { port: number };
  found.url = `http://127.0.0.1:${address.port}`;
  found.stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return found;
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const ready = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    await sleep(100);
  }
  throw new Error(`${url} does not answer: is the package installed?`);
}
