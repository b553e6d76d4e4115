// What runs by the clock: the backup every night, the archive after it, and every week a drill that restores the newest backup.
import type { CronJob } from 'kubernetes-types/batch/v1.d.ts';
import type { VolumeMount } from 'kubernetes-types/core/v1.d.ts';
import { STORES } from '../compose/project.ts';
import type { SecretName } from '../compose/secrets.ts';
import { type Built, build, podOf, probe } from './containers.ts';
import { POSTGRES_DATA, ready } from './database.ts';
import { type KubernetesObject, labelsOf, metadata } from './objects.ts';
import { sharedClaim } from './pods.ts';
import type { Settings } from './settings.ts';

const SIZES = { backups: '50Gi', archive: '100Gi' };
const SCRATCH_SIZE = '20Gi';

/** A job by the clock. */
interface Nightly {
  /** Minute, hour, and days, in UTC. */
  schedule: string;
  secrets: readonly SecretName[];
  store: (typeof STORES)[number];
  /** Bound, in minutes. */
  minutes: number;
}

/** Every one, by name. */
export const JOBS: Record<string, Nightly> = {
  backup: {
    schedule: '15 2 * * *',
    secrets: ['backup.url', 'backup.key', 'database-ca.crt'],
    store: 'backups',
    minutes: 240,
  },
  archive: {
    schedule: '15 4 * * *',
    secrets: ['archive.url', 'archive-links.key', 'database-ca.crt'],
    store: 'archive',
    minutes: 240,
  },
  drill: {
    schedule: '15 6 * * 0',
    secrets: ['backup.url', 'backup.key', 'database-ca.crt'],
    store: 'backups',
    minutes: 240,
  },
};

/** The jobs, and the volumes of what they store. */
export function jobObjects(settings: Settings): KubernetesObject[] {
  const volumes = STORES.map((name) => sharedClaim(name, SIZES[name], settings));
  const jobs = Object.entries(JOBS).map(([name, job]) => cronJob(name, job, settings));
  return [...volumes, ...jobs] as KubernetesObject[];
}

function cronJob(name: string, { schedule, secrets, store, minutes }: Nightly, settings: Settings): CronJob {
  const mounts: VolumeMount[] = [{ name: 'store', mountPath: `/var/lib/mqtt-saas/${store}` }];
  const built = build(name, 'nightly', settings, {
    command: ['/opt/mqtt-saas/bin/node', '/opt/mqtt-saas/job.mjs', name],
    secrets,
    mounts,
  });
  const scratch = name === 'drill' ? [scratchDatabase(settings)] : [];
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: metadata(name, settings),
    spec: {
      schedule,
      timeZone: 'Etc/UTC',
      concurrencyPolicy: 'Forbid',
      // A cluster that was away makes it up within two hours.
      startingDeadlineSeconds: 7200,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: minutes * 60,
          template: {
            metadata: { labels: labelsOf(name) },
            spec: podOf([built], settings, {
              restartPolicy: 'Never',
              initContainers: scratch.map(({ container }) => container),
              volumes: [
                { name: 'store', persistentVolumeClaim: { claimName: store } },
                ...scratch.flatMap(({ volumes }) => volumes),
              ],
            }),
          },
        },
      },
    },
  };
}

/** An empty Postgres beside the drill, that only its pod reaches, and that goes with it. */
function scratchDatabase(settings: Settings): Built {
  const { container, volumes } = build('scratch', 'database', settings, {
    command: ['/opt/mqtt-saas/scratch.sh'],
    secrets: [],
    startup: probe(ready('127.0.0.1'), 5, 60),
    mounts: [{ name: 'scratch-data', mountPath: POSTGRES_DATA }],
    others: { restartPolicy: 'Always' },
  });
  const bounded = {
    ...container.resources,
    limits: { ...container.resources!.limits, 'ephemeral-storage': SCRATCH_SIZE },
  };
  return {
    container: { ...container, resources: bounded },
    volumes: [...volumes, { name: 'scratch-data', emptyDir: { sizeLimit: SCRATCH_SIZE } }],
  };
}
