// Looks into rendered objects.
import type { Container, PodSpec, PodTemplateSpec, Volume } from 'kubernetes-types/core/v1.d.ts';
import type { NetworkPolicySpec } from 'kubernetes-types/networking/v1.d.ts';
import type { KubernetesObject } from '../objects.ts';

type Labels = Record<string, string>;
type Named = { metadata: { name: string } };

/** What tests look at in the specification of an object, whatever kind it is. */
interface Spec extends Omit<NetworkPolicySpec, 'podSelector'> {
  replicas: number;
  podSelector: { matchLabels?: Labels };
  template?: PodTemplateSpec;
  jobTemplate?: { spec: { template: PodTemplateSpec } };
  volumeClaimTemplates?: Named[];
  selector: Labels & { matchLabels?: Labels };
  ports: { port: number; targetPort?: string }[];
  rules: { http: { paths: { backend: { service: { name: string } } }[] } }[];
  maxUnavailable: number;
}

/** An object. */
export type Found = KubernetesObject & { metadata: { name: string }; spec: Spec };

/** A pod that some object makes. */
export interface Pod {
  name: string;
  kind: string;
  replicas: number;
  labels: Labels;
  spec: PodSpec;
  /** Names of the volumes that it has, those of claims too. */
  volumes: string[];
}

/** Those of a kind. */
export const ofKind = (objects: readonly KubernetesObject[], kind: string): Found[] =>
  objects.filter((one) => one.kind === kind) as Found[];

/** Every pod that there would be. */
export function podsIn(objects: readonly KubernetesObject[]): Pod[] {
  return (objects as Found[]).flatMap(({ kind, metadata: { name }, spec }) => {
    const template = spec?.jobTemplate?.spec.template ?? spec?.template;
    if (!template?.spec) return [];
    const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
    const volumes = [...(template.spec.volumes ?? []).map((volume) => volume.name), ...claims];
    return [
      { name, kind, replicas: spec.replicas ?? 1, labels: template.metadata!.labels!, spec: template.spec, volumes },
    ];
  });
}

/** Those that run until they are stopped. */
export const isLasting = ({ kind }: Pod): boolean => kind === 'Deployment' || kind === 'StatefulSet';

/** Those that start it, too. */
export const containersOf = ({ containers, initContainers = [] }: PodSpec): Container[] => [
  ...initContainers,
  ...containers,
];

/** Whether these labels are selected. */
export const selects = (selector: { matchLabels?: Labels }, labels: Labels): boolean =>
  Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);

/** Secrets of a volume: name of the secret, key in it, and name of the file. */
export const filesIn = (volume: Volume | undefined): [secret: string, key: string, file: string][] =>
  (volume?.projected?.sources ?? []).flatMap(({ secret }) =>
    (secret?.items ?? []).map(({ key, path }): [string, string, string] => [secret!.name!, key, path]),
  );
