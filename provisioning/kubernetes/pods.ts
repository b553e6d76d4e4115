// What several kinds of pods share: where they run, what a drain may take, what they keep.
import type { Affinity, PersistentVolumeClaim } from 'kubernetes-types/core/v1.d.ts';
import type { LabelSelector } from 'kubernetes-types/meta/v1.d.ts';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.d.ts';
import { SERVICES } from '../compose/project.ts';
import { metadata, podsOf } from './objects.ts';
import type { Settings } from './settings.ts';

/** How long each may take to stop, in seconds: as in Compose. */
export const STOP_SECONDS = Object.fromEntries(
  Object.entries(SERVICES).map(([name, { others }]) => [
    name,
    Number.parseInt(String(others?.stop_grace_period ?? '30s'), 10),
  ]),
) as Record<string, number>;

/** Two of the same are on different nodes. @param when `always`: rather none than two on one node. */
export function apart(name: string, when: 'always' | 'if possible'): Affinity {
  const term = { labelSelector: podsOf(name), topologyKey: 'kubernetes.io/hostname' };
  return {
    podAntiAffinity:
      when === 'always'
        ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
        : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] },
  };
}

/** A drain takes one at a time. */
export function budget(
  name: string,
  settings: Settings,
  part = name,
  selector: LabelSelector = podsOf(part),
): PodDisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(name, settings, part),
    spec: { maxUnavailable: 1, selector, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
  };
}

/** A volume of one pod. */
export function claim(name: string, size: string, settings: Settings): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...(settings.storageClass && { storageClassName: settings.storageClass }),
      resources: { requests: { storage: size } },
    },
  };
}

/** A volume that pods of several nodes mount; on staging's one node any class will do. */
export function sharedClaim(name: string, size: string, settings: Settings): PersistentVolumeClaim {
  const storageClassName = settings.sharedStorageClass ?? settings.storageClass;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: metadata(name, settings),
    spec: {
      accessModes: [settings.sharedStorageClass ? 'ReadWriteMany' : 'ReadWriteOnce'],
      ...(storageClassName && { storageClassName }),
      resources: { requests: { storage: size } },
    },
  };
}
