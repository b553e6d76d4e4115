// Staging's own database, and in both environments the job that makes the schema, the logins and the platform's accounts.
import { createHash } from 'node:crypto';
import type { StatefulSet } from 'kubernetes-types/apps/v1.d.ts';
import type { Job } from 'kubernetes-types/batch/v1.d.ts';
import type { Service } from 'kubernetes-types/core/v1.d.ts';
import type { SecretName } from '../compose/secrets.ts';
import { build, podOf, probe } from './containers.ts';
import { first, type KubernetesObject, labelsOf, podsOf } from './objects.ts';
import { budget, claim, STOP_SECONDS } from './pods.ts';
import { isProd, type Settings } from './settings.ts';

const NAME = 'database';
export const DATABASE_PORT = 5432;
const SIZE = '20Gi';
const BIN = '/usr/lib/postgresql/17/bin';
export const POSTGRES_DATA = '/var/lib/postgresql';

/** Files that the job signs others in with. */
export const PREPARE_SECRETS: readonly SecretName[] = [
  'database.password',
  'database-ca.crt',
  'api.url',
  'ingest.url',
  'registry.url',
  'backup.url',
  'archive.url',
  'ingest.key',
  'control.key',
];

/** How the database is reached. */
export const databaseHost = ({ database }: Settings) => database ?? { host: NAME, port: DATABASE_PORT };

/** Without connections there is nobody who asks `pg_isready` with a password. */
export const ready = (host: string) => ({
  exec: { command: [`${BIN}/pg_isready`, '-q', '-h', host, '-U', 'postgres'] },
});

/** All that is applied before the others. */
export function databaseObjects(settings: Settings): KubernetesObject[] {
  return [...(isProd(settings) ? [] : server(settings)), prepare(settings)];
}

function server(settings: Settings): KubernetesObject[] {
  const service: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: first(NAME, settings),
    spec: { clusterIP: 'None', selector: labelsOf(NAME), ports: [{ name: 'postgres', port: DATABASE_PORT }] },
  };
  const database = build(NAME, NAME, settings, {
    ports: { postgres: DATABASE_PORT },
    startup: probe(ready('127.0.0.1'), 5, 60),
    readiness: probe(ready('127.0.0.1'), 10, 3),
    liveness: probe({ tcpSocket: { port: 'postgres' } }, 20, 6),
    mounts: [
      { name: 'data', mountPath: POSTGRES_DATA, subPath: 'postgresql' },
      { name: 'shared-memory', mountPath: '/dev/shm' },
    ],
    others: {
      // A plain SIGTERM would wait for every client.
      lifecycle: {
        preStop: { exec: { command: [`${BIN}/pg_ctl`, 'stop', '-D', `${POSTGRES_DATA}/data`, '-m', 'fast'] } },
      },
    },
  });
  const set: StatefulSet = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: first(NAME, settings),
    spec: {
      serviceName: NAME,
      replicas: 1,
      selector: podsOf(NAME),
      template: {
        metadata: { labels: labelsOf(NAME) },
        spec: podOf([database], settings, {
          terminationGracePeriodSeconds: STOP_SECONDS.database!,
          volumes: [{ name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit: '256Mi' } }],
        }),
      },
      volumeClaimTemplates: [claim('data', SIZE, settings)],
    },
  };
  const drained = budget(NAME, settings);
  return [service, set, { ...drained, metadata: first(NAME, settings) }] as KubernetesObject[];
}

function prepare(settings: Settings): KubernetesObject {
  const { host, port } = databaseHost(settings);
  const built = build('prepare', 'nightly', settings, {
    command: ['/opt/mqtt-saas/bin/node', '/opt/mqtt-saas/job.mjs', 'prepare'],
    environment: { DATABASE_HOST: host, DATABASE_PORT: String(port) },
    secrets: PREPARE_SECRETS,
  });
  const spec: Job['spec'] = {
    // A database that only starts refuses some tries.
    backoffLimit: 10,
    activeDeadlineSeconds: 1800,
    // Applied again, it runs again: a new password of a role is in force by it.
    ttlSecondsAfterFinished: 3600,
    template: {
      metadata: { labels: labelsOf('prepare') },
      spec: podOf([built], settings, { restartPolicy: 'OnFailure' }),
    },
  };
  // Named after what it is: one that has run cannot be changed.
  const name = `prepare-${createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 8)}`;
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: first(name, settings, 'prepare'), spec } as KubernetesObject;
}
