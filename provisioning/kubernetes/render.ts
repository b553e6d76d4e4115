// Renders the platform's manifests for one cluster, and the kustomization that makes secrets of the files beside it. Pure: the same
// settings, the same files.
import { stringify } from 'yaml';
import { SERVICES } from '../compose/project.ts';
import type { SecretName } from '../compose/secrets.ts';
import { appObjects } from './app.ts';
import { brokerObjects } from './broker.ts';
import { filesOf } from './containers.ts';
import { databaseObjects, PREPARE_SECRETS } from './database.ts';
import { JOBS, jobObjects } from './jobs.ts';
import { monitoringObjects } from './monitoring.ts';
import { networkObjects } from './network.ts';
import { FIRST, type KubernetesObject } from './objects.ts';
import { isProd, type Settings } from './settings.ts';
import { AUTHORITY, webObjects } from './web.ts';

/** Rendered files, by name. */
export interface Manifests {
  'platform.yaml': string;
  'kustomization.yaml': string;
}

const HEAD = '# Rendered: `npm run ops -- render kubernetes`; docs/kubernetes.md.\n';
const text = (value: unknown) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** @throws never: settings are valid. */
export function renderKubernetes(settings: Settings): Manifests {
  return {
    'platform.yaml': HEAD + objectsOf(settings).map(text).join('---\n'),
    'kustomization.yaml': HEAD + text(kustomization(settings)),
  };
}

/** Every object but the secrets. */
export function objectsOf(settings: Settings): KubernetesObject[] {
  return [
    namespace(settings),
    ...networkObjects(settings),
    ...webObjects(settings),
    ...databaseObjects(settings),
    ...brokerObjects(settings),
    ...appObjects(settings),
    ...jobObjects(settings),
    ...monitoringObjects(settings),
  ];
}

/** Nothing with more rights than the strictest of the Pod Security Standards runs in it. */
function namespace({ namespace: name }: Settings): KubernetesObject {
  const modes = ['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']);
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'app.kubernetes.io/part-of': 'mqtt-saas', ...FIRST, ...Object.fromEntries(modes) } },
  };
}

/** Files of each secret, by its name: that of the container that has it. */
export function secretsOf(settings: Settings): Record<string, SecretName[]> {
  const services = ['broker', 'agent', 'worker', 'api', 'dashboard', ...(isProd(settings) ? [] : ['database'])];
  const all = {
    ...Object.fromEntries(services.map((name) => [name, SERVICES[name]!.secrets])),
    prepare: PREPARE_SECRETS,
    ...Object.fromEntries(Object.entries(JOBS).map(([name, { secrets }]) => [name, secrets])),
  };
  return Object.fromEntries(Object.entries(all).map(([name, secrets]) => [name, filesOf(secrets, settings)]));
}

/**
 * A changed file gives a secret another name, so that what has it is replaced. Two keep theirs: a job that has run cannot change,
 * and cert-manager is told a name.
 */
function kustomization(settings: Settings): object {
  const options: Record<string, object> = {
    database: { labels: FIRST },
    prepare: { labels: FIRST, disableNameSuffixHash: true },
  };
  const generated = Object.entries(secretsOf(settings)).map(([name, files]) => ({
    name,
    files: files.map((file) => `secrets/${file}`),
    ...(options[name] && { options: options[name] }),
  }));
  const authority = {
    name: AUTHORITY,
    type: 'kubernetes.io/tls',
    files: ['tls.crt=secrets/ca.crt', 'tls.key=secrets/authority.key'],
    options: { disableNameSuffixHash: true },
  };
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace: settings.namespace,
    resources: ['platform.yaml'],
    secretGenerator: [...generated, ...(settings.clusterIssuer ? [] : [authority])],
  };
}
