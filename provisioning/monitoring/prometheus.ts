// Prometheus' configuration and rules, made from the table of alerts.
import { stringify } from 'yaml';
import { alerts, SEVERITIES } from './alerts.ts';

/** A scrape, an evaluation and Alertmanager's wait take less than 30 seconds together. */
const SCRAPE_S = 10;
const EVALUATE_S = 5;

/** Where the platform is. */
export interface ScrapeTargets {
  /** Host and port of the metrics: the Function App's (HTTPS), or a worker's. */
  app: string;
  /** Path of the metrics. */
  path: string;
  https: boolean;
  /** File with the function's key, one line; undefined: none is needed. */
  keyFile?: string;
  /** Host and port of the machine's exporter; undefined: none runs. */
  machine?: string;
  /** Host and port of Alertmanager. */
  alertmanager: string;
}

/** `prometheus.yml`. It reads `rules.yml` beside it. */
export function renderPrometheus({ app, path, https, keyFile, machine, alertmanager }: ScrapeTargets): string {
  return stringify({
    global: { scrape_interval: `${SCRAPE_S}s`, scrape_timeout: `${SCRAPE_S}s`, evaluation_interval: `${EVALUATE_S}s` },
    rule_files: ['rules.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [
      {
        job_name: 'mqtt-saas',
        scheme: https ? 'https' : 'http',
        metrics_path: path,
        ...(keyFile && { http_headers: { 'x-functions-key': { files: [keyFile] } } }),
        static_configs: [{ targets: [app] }],
      },
      ...(machine ? [{ job_name: 'mqtt-saas-machine', static_configs: [{ targets: [machine] }] }] : []),
    ],
  });
}

/**
 * `rules.yml`.
 * @param faster for tests: times are divided by it, in `for`, in ranges and in thresholds of seconds. Nothing else changes. Default: 1.
 */
export function renderRules(faster = 1): string {
  const span = (minutes: number) => duration((minutes * 60) / faster);
  const rules = alerts().flatMap(([alert, { meaning, severity, minutes, threshold, unit, prometheus }]) => {
    if ('not' in prometheus) return [];
    return {
      alert,
      expr: prometheus(unit === 'seconds' ? threshold / faster : threshold, span),
      ...(minutes > 0 && { for: span(minutes) }),
      labels: { severity: SEVERITIES[severity] },
      annotations: { summary: meaning, runbook: `docs/reference/alerts.md#${alert}` },
    };
  });
  return stringify({ groups: [{ name: 'mqtt-saas', rules }] }, { lineWidth: 0 });
}

/** As Prometheus writes it. Ranges and `for` may have milliseconds. */
function duration(seconds: number): string {
  if (!Number.isInteger(seconds)) return `${Math.round(seconds * 1000)}ms`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
