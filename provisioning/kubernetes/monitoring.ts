// For the Prometheus operator: what it reads, and the platform's table of alerts as its rules.
import { parse } from 'yaml';
import { renderRules } from '../monitoring/prometheus.ts';
import { METRICS_PATH } from './app.ts';
import { type KubernetesObject, labelsOf, metadata } from './objects.ts';
import type { Settings } from './settings.ts';

/** The monitor of the workers, and the rules. */
export function monitoringObjects(settings: Settings): KubernetesObject[] {
  const found = (name: string) => {
    const { labels, ...others } = metadata(name, settings, 'monitoring');
    return { ...others, labels: { ...labels, ...settings.monitoring.labels } };
  };
  const monitor = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: found('worker'),
    spec: {
      jobLabel: 'app.kubernetes.io/part-of',
      selector: { matchLabels: labelsOf('worker') },
      endpoints: [{ port: 'http', path: METRICS_PATH, interval: '15s' }],
    },
  };
  const rules = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: found('mqtt-saas'),
    spec: parse(renderRules()) as object,
  };
  return [monitor, rules];
}
