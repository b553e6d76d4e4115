// What runs from the app's image all the time: a worker for each broker, the API, the dashboard. None keeps anything.
import type { Deployment } from 'kubernetes-types/apps/v1.d.ts';
import type { PodSpec, Service } from 'kubernetes-types/core/v1.d.ts';
import { activeBrokerAddress, brokerAddress } from './broker.ts';
import { type Built, build, podOf, probe } from './containers.ts';
import { type KubernetesObject, labelsOf, metadata } from './objects.ts';
import { apart, budget, STOP_SECONDS } from './pods.ts';
import { brokersOf, isProd, type Settings } from './settings.ts';

/** Where each of them answers HTTP. */
export const WEB_PORT = 8080;
/** Of the worker: docs/monitoring.md. */
export const METRICS_PATH = '/api/metrics';
/** The archive, as the dashboard's container has it. */
const ARCHIVE = '/var/lib/mqtt-saas/archive';

const PORTS = { http: WEB_PORT };
const LIVENESS = probe({ tcpSocket: { port: 'http' } }, 10, 6);

/** All of the app. */
export function appObjects(settings: Settings): KubernetesObject[] {
  const workers = Array.from({ length: brokersOf(settings) }, (_, at) => worker(at, settings));
  return [
    ...workers.flat(),
    service('worker', settings),
    ...deployment('api', [api(settings)], settings),
    service('api', settings),
    ...deployment('dashboard', [dashboard(settings)], settings, {
      volumes: [{ name: 'archive', persistentVolumeClaim: { claimName: 'archive', readOnly: true } }],
    }),
    service('dashboard', settings),
  ];
}

/** Of the workers of one broker one holds its lease and ingests; another waits for it. */
function worker(at: number, settings: Settings): KubernetesObject[] {
  const built = build('worker', 'worker', settings, {
    ports: PORTS,
    environment: {
      MQTT_BROKER_URL: brokerAddress(at, settings),
      MQTT_BROKER_CERTIFIED_AS: settings.brokerHost,
      NOTIFY_OWN_HOSTS: `${settings.host},${settings.brokerHost}`,
      MQTT_CONTROL_BROKER_URL: activeBrokerAddress(settings),
      ...(settings.clusterIssuer && { MQTT_BROKER_CA: '' }),
      MQTT_CLIENT_ID: at === 0 ? 'mqtt-ingest' : `mqtt-ingest-${at}`,
      PROMETHEUS_ENABLED: 'true',
      LOG_LEVEL: settings.logLevel,
    },
    // Not the health page, which judges the whole platform: a new release could not replace one that is unwell.
    readiness: probe({ httpGet: { path: METRICS_PATH, port: 'http' } }, 5, 3),
    liveness: LIVENESS,
  });
  return deployment('worker', [built], settings, {}, { 'mqtt-saas/broker': String(at) }, `worker-${at}`);
}

const api = (settings: Settings) =>
  build('api', 'api', settings, {
    ports: PORTS,
    // In the pod alone: docs/kubernetes.md says how to read them.
    environment: { FRONT_DOOR_LETTERS: '/tmp/letters' },
    readiness: answers('/auth/v1/health', settings),
    liveness: LIVENESS,
  });

const dashboard = (settings: Settings) =>
  build('dashboard', 'dashboard', settings, {
    ports: PORTS,
    environment: {
      ENVIRONMENT: settings.environment,
      BROKER_HOST: settings.brokerHost,
      ...(settings.clusterIssuer && { BROKER_CA_FILE: '', NODE_EXTRA_CA_CERTS: '' }),
    },
    readiness: answers('/', settings),
    liveness: LIVENESS,
    mounts: [{ name: 'archive', mountPath: ARCHIVE, readOnly: true }],
  });

/** They answer for the platform's name only. */
const answers = (path: string, { host }: Settings) =>
  probe({ httpGet: { path, port: 'http', httpHeaders: [{ name: 'Host', value: host }] } }, 5, 3);

/** With its budget. @param more labels of its pods, which tell them from others of the same part. */
function deployment(
  part: string,
  built: Built[],
  settings: Settings,
  pod: Partial<PodSpec> = {},
  more: Record<string, string> = {},
  name = part,
): KubernetesObject[] {
  const labels = { ...labelsOf(part), ...more };
  const object: Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(name, settings, part),
    spec: {
      replicas: isProd(settings) ? 2 : 1,
      selector: { matchLabels: labels },
      // The new one is there before the old one goes.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: podOf(built, settings, {
          affinity: apart(part, 'if possible'),
          terminationGracePeriodSeconds: STOP_SECONDS[part]!,
          ...pod,
        }),
      },
    },
  };
  return [object as KubernetesObject, budget(name, settings, part, { matchLabels: labels }) as KubernetesObject];
}

function service(name: string, settings: Settings): KubernetesObject {
  const object: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(name, settings),
    spec: { selector: labelsOf(name), ports: [{ name: 'http', port: WEB_PORT, targetPort: 'http' }] },
  };
  return object as KubernetesObject;
}
