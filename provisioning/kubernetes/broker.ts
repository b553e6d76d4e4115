// The broker: a StatefulSet, whose pods hold sessions and queues on volumes of their own. In prod there are two. Devices reach the
// active one; the other is a standby with the same accounts.
import type { StatefulSet } from 'kubernetes-types/apps/v1.d.ts';
import type { Service } from 'kubernetes-types/core/v1.d.ts';
import { MQTT_TLS_PORT } from '../../domain/ingress.ts';
import { FILES, PATHS } from '../machine/bundle/paths.ts';
import { build, podOf, probe } from './containers.ts';
import { type KubernetesObject, labelsOf, metadata, podsOf } from './objects.ts';
import { apart, budget, claim, STOP_SECONDS } from './pods.ts';
import { brokersOf, type Settings } from './settings.ts';

const NAME = 'broker';
/** Gives each pod a name of its own. */
const EACH = 'brokers';
const STATE_SIZE = '10Gi';

/** How a pod is reached, whichever is active. @param at 0, or 1 for the standby. */
export const brokerAddress = (at: number, { namespace }: Settings) =>
  `mqtts://${NAME}-${at}.${EACH}.${namespace}.svc:${MQTT_TLS_PORT}`;

/** How the active one is reached. */
export const activeBrokerAddress = ({ namespace }: Settings) => `mqtts://${NAME}.${namespace}.svc:${MQTT_TLS_PORT}`;

/** All of the broker. */
export function brokerObjects(settings: Settings): KubernetesObject[] {
  const ports = [{ name: 'mqtts', port: MQTT_TLS_PORT, targetPort: 'mqtts' }];
  const each: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(EACH, settings, NAME),
    // Ingest reads what a broker holds, also while it takes no devices.
    spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: labelsOf(NAME), ports },
  };
  const active: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(NAME, settings),
    spec: {
      type: 'LoadBalancer',
      // The gate and the log see the device's address.
      externalTrafficPolicy: 'Local',
      selector: { ...labelsOf(NAME), 'statefulset.kubernetes.io/pod-name': `${NAME}-${settings.activeBroker}` },
      ports,
    },
  };
  return [each, active, statefulSet(settings), budget(NAME, settings)] as KubernetesObject[];
}

function statefulSet(settings: Settings): StatefulSet {
  const state = (path: string, subPath: string, readOnly = false) => ({
    name: 'state',
    mountPath: path,
    subPath,
    ...(readOnly && { readOnly }),
  });
  const broker = build(NAME, 'broker', settings, {
    ports: { mqtts: MQTT_TLS_PORT },
    // A connection would fill the broker's log.
    readiness: probe({ exec: { command: [`${PATHS.current}/broker-health.sh`] } }, 10, 3),
    // Saving a full queue to a slow disk stops its loop for a while: it is dead after five minutes.
    liveness: probe({ exec: { command: [`${PATHS.current}/broker-health.sh`, '300'] } }, 30, 2),
    startup: probe({ exec: { command: [`${PATHS.current}/broker-health.sh`] } }, 5, 60),
    mounts: [
      state(PATHS.state, 'state'),
      state(PATHS.accounts, 'accounts', true),
      { name: 'metrics', mountPath: PATHS.metrics },
    ],
  });
  const agent = build('agent', 'agent', settings, {
    // The broker starts when it has accounts: the last good ones will do.
    startup: probe({ exec: { command: ['test', '-s', `${PATHS.accounts}/${FILES.registry}`] } }, 5, 60),
    mounts: [state(PATHS.accounts, 'accounts'), { name: 'agent-run', mountPath: PATHS.registrySync }],
    others: { restartPolicy: 'Always' },
  });
  const spec = podOf([broker], settings, {
    initContainers: [agent.container],
    affinity: apart(NAME, 'always'),
    terminationGracePeriodSeconds: STOP_SECONDS.broker,
    volumes: [
      ...agent.volumes,
      { name: 'metrics', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
      { name: 'agent-run', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
    ],
  });
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(NAME, settings),
    spec: {
      serviceName: EACH,
      replicas: brokersOf(settings),
      selector: podsOf(NAME),
      template: { metadata: { labels: labelsOf(NAME) }, spec },
      volumeClaimTemplates: [claim('state', STATE_SIZE, settings)],
    },
  };
}
