// No pod has more than it needs, and each has what it needs.
import { describe, expect, it } from 'vitest';
import { SERVICES } from '../compose/project.ts';
import { SECRETS } from '../compose/secrets.ts';
import { CERTIFICATE_SECRET } from './containers.ts';
import { objectsOf, secretsOf } from './render.ts';
import { containersOf, filesIn, isLasting, ofKind, podsIn, selects } from './testing/objects.ts';
import { prod, staging } from './testing/settings.ts';

describe.each([
  ['staging', staging()],
  ['prod', prod()],
])('%s', (_, settings) => {
  const objects = objectsOf(settings);
  const pods = podsIn(objects);

  it.each(pods.map((pod) => [`${pod.kind} ${pod.name}`, pod.spec] as const))(
    '%s has no right that it does not need',
    (_, spec) => {
      expect(spec).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      for (const key of ['hostNetwork', 'hostPID', 'hostIPC', 'serviceAccountName'])
        expect(spec).not.toHaveProperty(key);
      for (const { hostPath } of spec.volumes ?? []) expect(hostPath).toBeUndefined();
      for (const { securityContext, resources } of containersOf(spec)) {
        expect(securityContext).toMatchObject({
          runAsNonRoot: true,
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
          seccompProfile: { type: 'RuntimeDefault' },
        });
        expect(securityContext!.capabilities).not.toHaveProperty('add');
        expect(securityContext!.runAsUser).toBeGreaterThan(800);
        for (const what of ['cpu', 'memory', 'ephemeral-storage'])
          for (const bounds of [resources!.requests, resources!.limits]) expect(bounds).toHaveProperty(what);
      }
    },
  );

  it('mounts every volume that a pod has, and has every one that is mounted', () => {
    const claims = ofKind(objects, 'PersistentVolumeClaim').map(({ metadata }) => metadata.name);
    for (const { name, spec, volumes } of pods) {
      const mounts = containersOf(spec).flatMap(({ volumeMounts = [] }) => volumeMounts);
      expect(volumes.sort(), name).toEqual([...new Set(mounts.map((mount) => mount.name))].sort());
      for (const { persistentVolumeClaim: claim } of spec.volumes ?? [])
        if (claim) expect(claims).toContain(claim.claimName);
    }
  });

  it('gives every secret as a file of a secret that there is, and none in the environment', () => {
    const secrets = secretsOf(settings);
    for (const { name, spec } of pods) {
      for (const [secret, key] of (spec.volumes ?? []).flatMap(filesIn)) {
        if (secret === CERTIFICATE_SECRET) expect(['tls.crt', 'tls.key']).toContain(key);
        else expect(secrets[secret], `${name}: ${secret}`).toContain(key);
      }
      for (const { env = [], envFrom } of containersOf(spec)) {
        expect(envFrom).toBeUndefined();
        for (const { name: key, value, valueFrom } of env) {
          expect(valueFrom).toBeUndefined();
          if (/PASSWORD|SECRET|KEY|DATABASE_URL|CONNECTION_STRING/.test(key))
            expect(value, `${name}: ${key}`).toMatch(/^(\/run\/secrets\/.*)?$/);
        }
      }
    }
    for (const file of Object.values(secrets).flat()) expect(SECRETS).toHaveProperty([file]);
  });

  it('names in the environment only files that the container has', () => {
    for (const { name, spec } of pods) {
      const volumes = Object.fromEntries((spec.volumes ?? []).map((volume) => [volume.name, volume]));
      for (const { env = [], volumeMounts = [] } of containersOf(spec)) {
        const files = volumeMounts.flatMap((mount) =>
          filesIn(volumes[mount.name]).map(([, , file]) =>
            mount.subPath ? mount.mountPath : `${mount.mountPath}/${file}`,
          ),
        );
        for (const { name: key, value = '' } of env)
          if (value.startsWith('/run/')) expect(files, `${name}: ${key}`).toContain(value);
      }
    }
  });

  it('has a budget for everything that always runs, which a drain can keep', () => {
    for (const { name, labels } of pods.filter(isLasting)) {
      const budgets = ofKind(objects, 'PodDisruptionBudget').filter(({ spec }) => selects(spec.selector, labels));
      expect(
        budgets.map(({ spec }) => spec.maxUnavailable),
        name,
      ).toEqual([1]);
    }
  });

  it('gives each as long to stop as Compose does', () => {
    for (const { name, labels, spec } of pods.filter(isLasting)) {
      const { others } = SERVICES[labels['app.kubernetes.io/name']!]!;
      expect(`${spec.terminationGracePeriodSeconds}s`, name).toBe(others?.stop_grace_period ?? '30s');
    }
  });
});
