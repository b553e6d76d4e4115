// Containers as Compose has them (provisioning/compose/project.ts), in Kubernetes' words: the same images, commands, settings,
// secrets and bounds of memory.
import { basename, dirname } from 'node:path';
import type { Container, EnvVar, KeyToPath, PodSpec, Probe, Volume, VolumeMount } from 'kubernetes-types/core/v1.d.ts';
import { SERVICES, type Service } from '../compose/project.ts';
import { type SecretName, SHARED_GID, UIDS } from '../compose/secrets.ts';
import { isProd, type Settings } from './settings.ts';

/** The secret that cert-manager makes: the broker's certificate. */
export const CERTIFICATE_SECRET = 'broker-certificate';

/** Where cert-manager has what Compose has as files. */
const CERTIFIED: Partial<Record<SecretName, string>> = { 'server.crt': 'tls.crt', 'server.key': 'tls.key' };

/** What a container has beside what Compose says. */
export interface Extra {
  command?: string[];
  environment?: Record<string, string>;
  /** Secrets that it has no more, and has instead. */
  secrets?: readonly SecretName[];
  ports?: Record<string, number>;
  readiness?: Probe;
  liveness?: Probe;
  startup?: Probe;
  mounts?: VolumeMount[];
  others?: Partial<Container>;
}

/** A container, and the volumes that its pod needs for it. */
export interface Built {
  container: Container;
  volumes: Volume[];
}

/** Secrets of a container that are files in `secrets/`, rather than cert-manager's. */
export function filesOf(secrets: readonly SecretName[], { clusterIssuer }: Settings): SecretName[] {
  // A public authority's certificates need no CA of ours.
  return secrets.filter((name) => CERTIFIED[name] === undefined && !(name === 'ca.crt' && clusterIssuer));
}

/** @param name of the container and of its secret. @param of the service of Compose that it is. */
export function build(name: string, of: keyof typeof SERVICES, settings: Settings, extra: Extra = {}): Built {
  const service = SERVICES[of]!;
  const secrets = extra.secrets ?? service.secrets;
  const files = secretFiles(name, secrets, service, settings);
  const uid = UIDS[service.user];
  const container: Container = {
    name,
    image: imageOf(service, settings),
    imagePullPolicy: isProd(settings) ? 'IfNotPresent' : 'Always',
    args: extra.command ?? service.command,
    env: environmentOf({ ...service.environment, ...extra.environment }, settings),
    ...(extra.ports && {
      ports: Object.entries(extra.ports).map(([port, containerPort]) => ({ name: port, containerPort })),
    }),
    ...(extra.startup && { startupProbe: extra.startup }),
    ...(extra.readiness && { readinessProbe: extra.readiness }),
    ...(extra.liveness && { livenessProbe: extra.liveness }),
    resources: {
      requests: { cpu: '50m', memory: `${service.memoryMb / 2}Mi`, 'ephemeral-storage': '64Mi' },
      limits: { cpu: '1', memory: `${service.memoryMb}Mi`, 'ephemeral-storage': '1Gi' },
    },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: uid,
      // What the agent writes, the broker reads.
      runAsGroup: service.user === 'agent' ? UIDS.broker : uid,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [{ name: `${name}-tmp`, mountPath: '/tmp' }, ...files.mounts, ...(extra.mounts ?? [])],
    ...extra.others,
  };
  return { container, volumes: [{ name: `${name}-tmp`, emptyDir: { sizeLimit: '512Mi' } }, ...files.volumes] };
}

const imageOf = ({ target }: Service, { images }: Settings) => images[target as keyof typeof images];

/** A pod of such containers. @param others such as its init containers, whose volumes are among the given ones. */
export function podOf(built: readonly Built[], settings: Settings, others: Partial<PodSpec> = {}): PodSpec {
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(settings.imagePullSecret && { imagePullSecrets: [{ name: settings.imagePullSecret }] }),
    securityContext: {
      runAsNonRoot: true,
      // Volumes and secrets are its group's.
      fsGroup: SHARED_GID,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: built.map(({ container }) => container),
    ...others,
    volumes: [...built.flatMap(({ volumes }) => volumes), ...(others.volumes ?? [])],
  };
}

/** Each folder of secrets is a volume. A single file in a folder of the image is laid over it. */
function secretFiles(name: string, secrets: readonly SecretName[], service: Service, settings: Settings) {
  const own = new Set(filesOf(secrets, settings));
  const placed = secrets
    .filter((secret) => own.has(secret) || CERTIFIED[secret] !== undefined)
    .map((secret) => ({ secret, path: service.targets?.[secret] ?? `/run/secrets/${secret}` }));
  const volumes: Volume[] = [];
  const mounts: VolumeMount[] = [];
  for (const [folder, group] of Map.groupBy(placed, ({ path }) => dirname(path))) {
    const volume = `${name}-${folder.startsWith('/run/') ? 'secrets' : 'files'}`;
    const items = (isOurs: boolean): KeyToPath[] =>
      group
        .filter(({ secret }) => own.has(secret) === isOurs)
        .map(({ secret, path }) => ({ key: CERTIFIED[secret] ?? secret, path: basename(path) }));
    const sources = [
      { secret: { name, items: items(true) } },
      { secret: { name: CERTIFICATE_SECRET, items: items(false) } },
    ].filter(({ secret }) => secret.items.length > 0);
    volumes.push({ name: volume, projected: { defaultMode: 0o440, sources } });
    if (folder.startsWith('/run/')) mounts.push({ name: volume, mountPath: folder, readOnly: true });
    else
      for (const { path } of group)
        mounts.push({ name: volume, mountPath: path, subPath: basename(path), readOnly: true });
  }
  return { volumes, mounts };
}

/** With Compose's marks filled in. */
function environmentOf(environment: Record<string, string>, settings: Settings): EnvVar[] {
  const values: Record<string, string | undefined> = { ...settings.worker, PLATFORM_HOST: settings.host };
  return Object.entries(environment).map(([name, text]) => ({
    name,
    value: text.replace(/\$\{(\w+)[^}]*\}/g, (_, key: string) => values[key] ?? ''),
  }));
}

/** A probe. @param seconds between two of them, and each one's bound. */
export const probe = (how: Probe, seconds: number, failures: number): Probe => ({
  ...how,
  periodSeconds: seconds,
  timeoutSeconds: Math.min(seconds, 10),
  failureThreshold: failures,
});
