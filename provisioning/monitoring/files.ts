// The files for somebody's own monitoring, with example addresses: `npm run build` writes them into dist/monitoring.
import { renderAlertmanager } from './alertmanager.ts';
import { renderGrafana } from './grafana.ts';
import { renderPrometheus, renderRules } from './prometheus.ts';

/** By name. docs/monitoring.md says what to change in each. */
export function monitoringFiles(): Record<string, string> {
  return {
    'prometheus.yml': renderPrometheus({
      app: 'func-mqtt-saas-dev-ex4mp1.azurewebsites.net',
      path: '/api/metrics',
      https: true,
      keyFile: '/etc/prometheus/functions-key',
      machine: 'localhost:9100',
      alertmanager: 'localhost:9093',
    }),
    'rules.yml': renderRules(),
    'alertmanager.yml': renderAlertmanager({
      mail: {
        to: 'platform@example.com',
        from: 'alerts@example.com',
        smarthost: 'smtp.example.com:587',
        requireTls: true,
      },
      webhook: 'https://chat.example.com/hooks/platform',
      watchdog: 'https://watchdog.example.com/ping/mqtt-saas',
    }),
    'grafana.json': renderGrafana(),
  };
}
