// What every object of the platform has: its labels, and how its pods are told from others.
import type { LabelSelector, ObjectMeta } from 'kubernetes-types/meta/v1.d.ts';
import type { Settings } from './settings.ts';

/** An object of Kubernetes or of one of its extensions; the API server judges it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

const PART_OF = { 'app.kubernetes.io/part-of': 'mqtt-saas' };

/** Applied first: what the others need (docs/kubernetes.md). */
export const FIRST = { 'mqtt-saas/step': 'first' };

/** Labels of the pods of one part. */
export const labelsOf = (name: string) => ({ 'app.kubernetes.io/name': name, ...PART_OF });

/** Selects them. */
export const podsOf = (name: string): LabelSelector => ({ matchLabels: labelsOf(name) });

/** @param part whose labels it has; default: its name. */
export function metadata(name: string, { namespace }: Settings, part = name): ObjectMeta {
  return { name, namespace, labels: labelsOf(part) };
}

/** As `metadata`, of what is applied first. */
export function first(name: string, settings: Settings, part = name): ObjectMeta {
  const { labels, ...others } = metadata(name, settings, part);
  return { ...others, labels: { ...labels, ...FIRST } };
}
