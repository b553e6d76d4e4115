// The rendered manifests before the genuine API server: every field strictly, each kind's definition, and what admission says of every
// pod. And before kube-score.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { KubernetesObject } from '../../provisioning/kubernetes/objects.ts';
import { objectsOf } from '../../provisioning/kubernetes/render.ts';
import type { Settings } from '../../provisioning/kubernetes/settings.ts';
import { ofKind, podsIn } from '../../provisioning/kubernetes/testing/objects.ts';
import { prod, staging } from '../../provisioning/kubernetes/testing/settings.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { KUBERNETES, scoreProgram } from './programs.ts';

let cluster: Cluster;
const environments: [name: string, settings: Settings][] = [
  ['staging', staging()],
  ['prod', prod()],
];

beforeAll(async () => {
  cluster = await startCluster();
  for (const [, { namespace }] of environments) {
    const labels = {
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/warn': 'restricted',
    };
    await cluster.make({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } });
    await cluster.make({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } });
  }
});
afterAll(() => cluster?.stop());

const dry = (object: object) => cluster.apply(object as KubernetesObject);

it('is the API server that the manifests are for', async () => {
  expect(await cluster.version()).toBe(KUBERNETES);
});

describe.each(environments)('%s', (_, settings) => {
  const objects = objectsOf(settings);
  const [first] = ofKind(objects, 'Deployment');

  it.each(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object] as const))(
    'takes %s without a warning',
    async (_, object) => {
      const { ok, text } = await dry(object);
      expect(ok, text).toBe(true);
      expect(text).toMatch(/^\{"/);
    },
  );

  it.each(podsIn(objects).map((pod) => [pod.name, pod] as const))(
    'lets a pod of %s run under the strictest standard',
    async (_, pod) => {
      const { labels, spec } = pod;
      const metadata = { name: pod.name, namespace: settings.namespace, labels };
      const volumes = [
        ...(spec.volumes ?? []),
        ...pod.volumes
          .filter((volume) => !spec.volumes?.some((one) => one.name === volume))
          .map((volume) => ({ name: volume, emptyDir: {} })),
      ];
      const object = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { ...spec, volumes } };
      expect(await dry(object)).toMatchObject({ ok: true });
      const loose = structuredClone(object);
      loose.spec.containers[0]!.securityContext!.allowPrivilegeEscalation = true;
      const refused = await dry(loose);
      expect(refused.ok).toBe(false);
      expect(refused.text).toMatch(/violates PodSecurity .*restricted/);
    },
  );

  it('is refused with an unknown field, a wrong type, and a budget that says two things', async () => {
    const copy = () => structuredClone(first!) as unknown as { spec: Record<string, unknown> };
    const unknown = copy();
    unknown.spec.replica = 2;
    expect(await dry(unknown)).toMatchObject({
      ok: false,
      text: expect.stringContaining('field not declared in schema'),
    });
    const wrong = copy();
    wrong.spec.replicas = 'two';
    expect(await dry(wrong)).toMatchObject({ ok: false });
    const budget = structuredClone(ofKind(objects, 'PodDisruptionBudget')[0]!) as unknown as {
      spec: Record<string, unknown>;
    };
    budget.spec.minAvailable = 1;
    expect(await dry(budget)).toMatchObject({ ok: false, text: expect.stringContaining('cannot be both set') });
  });

  it.each(['Certificate', 'ServiceMonitor', 'PrometheusRule'])(
    'is refused with an unknown field of a %s',
    async (kind) => {
      const object = structuredClone(ofKind(objects, kind)[0]!) as unknown as { spec: Record<string, unknown> };
      expect(await dry(object)).toMatchObject({ ok: true });
      object.spec.unheardOf = true;
      expect(await dry(object)).toMatchObject({ ok: false, text: expect.stringContaining('unheardOf') });
    },
  );

  it('has nothing that kube-score calls critical', async () => {
    const { critical, checks } = await score(objects);
    expect(critical).toEqual([]);
    expect(checks).toBeGreaterThan(100);
  });
});

it('has a kube-score that sees what is wrong', async () => {
  const [worker] = structuredClone(ofKind(objectsOf(staging()), 'Deployment'));
  for (const container of worker!.spec.template!.spec!.containers) container.resources = {};
  expect((await score([worker!])).critical.join()).toContain('container-resources');
});

/**
 * Checks that are not for this platform. The pull policy: prod's images are named by digest, and a registry that is away must not stop
 * a restart. Numbers of users: they are those of the images, and Compose has the same.
 */
const NOT_OURS = ['container-image-pull-policy', 'container-security-context-user-group-id'];

/** Findings that are wrong: kube-score sees no label that Kubernetes gives a pod, and no pod that cert-manager makes. */
const NONE: Record<string, string> = {
  broker: 'service-targets-pod',
  solver: 'networkpolicy-targets-pod',
};

async function score(objects: readonly KubernetesObject[]): Promise<{ critical: string[]; checks: number }> {
  const program = await scoreProgram();
  const args = ['score', '--output-format', 'json', '--kubernetes-version', 'v1.32'];
  const { stdout, stderr } = spawnSync(program, [...args, ...NOT_OURS.flatMap((id) => ['--ignore-test', id]), '-'], {
    input: objects.map((object) => stringify(object)).join('---\n'),
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  const scored = JSON.parse(stdout) as {
    object_meta: { name: string };
    checks: { check: { id: string }; grade: number; skipped: boolean; comments: { summary: string }[] | null }[];
  }[];
  const all = scored.flatMap(({ object_meta: { name }, checks }) => checks.map((check) => ({ name, ...check })));
  const critical = all
    .filter(({ grade, skipped }) => grade === GRADE_CRITICAL && !skipped)
    .filter(({ name, check }) => NONE[name] !== check.id)
    .map(
      ({ name, check, comments }) => `${name}: ${check.id}: ${(comments ?? []).map((one) => one.summary).join(', ')}`,
    );
  return { critical, checks: all.length };
}

/** As kube-score numbers its grades: 1 critical, 5 warning, 7 almost, 10 all well. */
const GRADE_CRITICAL = 1;
