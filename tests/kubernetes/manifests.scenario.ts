// The rendered manifests before the genuine API server: every field strictly, each kind's definition, and what admission says of every
// pod. And before kube-score.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { renderManifests } from '../../ops/render.ts';
import { CERTIFICATE_SECRET } from '../../provisioning/kubernetes/containers.ts';
import type { KubernetesObject } from '../../provisioning/kubernetes/objects.ts';
import { objectsOf } from '../../provisioning/kubernetes/render.ts';
import type { Settings } from '../../provisioning/kubernetes/settings.ts';
import { filesIn, ofKind, podsIn } from '../../provisioning/kubernetes/testing/objects.ts';
import { changed, PROD, prod, staging } from '../../provisioning/kubernetes/testing/settings.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { KUBERNETES, scoreProgram } from './programs.ts';

let cluster: Cluster;
const folder = mkdtempSync(join(tmpdir(), 'mqtt-saas-manifests-'));
const environments: [name: string, settings: Settings, text: string][] = [
  ['staging', staging(), changed({})],
  ['prod', prod(), changed(PROD)],
];

/** As an operator applies it, but that nothing comes of it. */
const DRY = ['apply', '--server-side', '--dry-run=server', '--validate=strict'];

beforeAll(async () => {
  cluster = await startCluster();
  for (const [name, settings, text] of environments) {
    const place = join(folder, name);
    await cluster.must(['create', 'namespace', settings.namespace]);
    await cluster.must(['create', 'serviceaccount', 'default', '--namespace', settings.namespace]);
    const strict = 'pod-security.kubernetes.io/enforce=restricted';
    await cluster.must(['label', 'namespace', settings.namespace, strict]);
    mkdirSync(join(place, 'secrets'), { recursive: true });
    writeFileSync(join(place, 'settings.yaml'), text);
    if (name === 'prod')
      for (const file of ['database.password', 'database-ca.crt'])
        writeFileSync(join(place, 'secrets', file), 'given\n');
    await renderManifests(place);
  }
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const dry = (object: object) => cluster.kubectl([...DRY, '--filename', '-'], stringify(object));

it('is the API server that the manifests are for', async () => {
  expect(await cluster.must(['version'])).toContain(`Server Version: ${KUBERNETES}`);
});

describe.each(environments)('%s', (name, settings) => {
  const objects = objectsOf(settings);
  const [first] = ofKind(objects, 'Deployment');

  it('is taken as it is applied, every object, with secrets from files', async () => {
    const { ok, text } = await cluster.kubectl([...DRY, '--kustomize', join(folder, name)]);
    expect(text).not.toMatch(/warning|error/i);
    expect(ok).toBe(true);
    // Each object once, and a secret for each container that has files.
    for (const { kind, metadata } of objects)
      expect(text).toContain(
        `${kind.toLowerCase()}${groupOf({ kind, metadata } as never, objects)}/${metadata.name} serverside-applied`,
      );
    expect(text.match(/^secret\//gm)!.length).toBeGreaterThan(8);
  });

  it('leads each volume to the secret that is made for it, whose name changes with it', async () => {
    const made = parseAllDocuments(await cluster.must(['kustomize', join(folder, name)])).map(
      (document) => document.toJS() as KubernetesObject,
    );
    const secrets = made.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name);
    const wanted = podsIn(made).flatMap(({ spec }) => (spec.volumes ?? []).flatMap(filesIn).map(([secret]) => secret));
    expect(wanted.filter((secret) => secret !== CERTIFICATE_SECRET && !secrets.includes(secret))).toEqual([]);
    expect(wanted.filter((secret) => /^worker-[a-z0-9]{10}$/.test(secret)).length).toBeGreaterThan(0);
  });

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
      expect(refused.text).toContain('violates PodSecurity "restricted');
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
  const objects = objectsOf(staging()).filter(({ kind }) => kind === 'Deployment' || kind === 'Service');
  const [worker] = structuredClone(objects) as unknown as [{ spec: { template: { spec: { containers: object[] } } } }];
  worker.spec.template.spec.containers = worker.spec.template.spec.containers.map((one) => ({ ...one, resources: {} }));
  const { critical } = await score([worker as never]);
  expect(critical.join()).toContain('container-resources');
});

/**
 * Checks that are not for this platform. The pull policy: prod's images are named by digest, and a registry that is away must not stop
 * a restart. Numbers of users: they are those of the images, and Compose has the same.
 */
const NOT_OURS = ['container-image-pull-policy', 'container-security-context-user-group-id'];

/** Findings that are none: kube-score sees no label that Kubernetes gives a pod, and no pod that cert-manager makes. */
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

/** What kubectl prints after the kind: the group, for all but the core's. */
function groupOf({ kind, metadata }: KubernetesObject, objects: readonly KubernetesObject[]): string {
  const { apiVersion } = objects.find((one) => one.kind === kind && one.metadata.name === metadata.name)!;
  return apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
}
