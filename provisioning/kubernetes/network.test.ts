// Network policies deny every way but those of the table; services and the ingress lead to ports that there are.
import { describe, expect, it } from 'vitest';
import { MQTT_TLS_PORT } from '../../domain/ingress.ts';
import { WAYS } from './network.ts';
import { objectsOf } from './render.ts';
import { ofKind, podsIn, selects } from './testing/objects.ts';
import { prod, staging } from './testing/settings.ts';

const PART = 'app.kubernetes.io/name';

describe.each([
  ['staging', staging()],
  ['prod', prod()],
])('%s', (_, settings) => {
  const objects = objectsOf(settings);
  const pods = podsIn(objects);
  const policies = ofKind(objects, 'NetworkPolicy');

  it('denies everything to pods without a policy of their own', () => {
    const all = policies.filter(({ spec }) => Object.keys(spec.podSelector).length === 0);
    expect(all.map(({ spec }) => spec)).toEqual([{ podSelector: {}, policyTypes: ['Ingress', 'Egress'] }]);
  });

  it.each(pods.map((pod) => [pod.name, pod] as const))(
    '%s has one policy, which opens the ports that it listens on',
    (_, pod) => {
      const own = policies.filter(({ spec }) => spec.podSelector.matchLabels && selects(spec.podSelector, pod.labels));
      expect(own.map(({ metadata }) => metadata.name)).toEqual([pod.labels[PART]]);
      expect(own[0]!.spec.policyTypes).toEqual(['Ingress', 'Egress']);
      const open = own[0]!.spec.ingress!.flatMap(({ ports = [] }) => ports.map(({ port }) => port));
      const listens = pod.spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort));
      expect([...new Set(open)]).toEqual(listens);
    },
  );

  it('leads to parts that there are, and names peers and ports: none would mean all', () => {
    const parts = pods.map(({ labels }) => labels[PART]);
    for (const { spec } of policies) {
      const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])].map((rule) => ({ to: [], from: [], ...rule }));
      for (const { ports = [], from, to } of rules) {
        expect(ports.length).toBeGreaterThan(0);
        expect(from.length + to.length).toBeGreaterThan(0);
        for (const { podSelector, namespaceSelector } of [...from, ...to])
          if (podSelector && !namespaceSelector) expect(parts).toContain(podSelector.matchLabels?.[PART]);
      }
    }
  });

  it('lets everybody reach the broker, and nothing else', () => {
    const open = policies.filter(({ spec }) => JSON.stringify(spec.ingress ?? []).includes('"0.0.0.0/0"'));
    expect(open.map(({ metadata }) => metadata.name)).toEqual(['broker']);
    expect(WAYS.filter(({ from }) => (from as readonly string[]).includes('devices'))).toMatchObject([
      { to: 'broker', ports: [MQTT_TLS_PORT] },
    ]);
  });

  it('has services and an ingress that lead to ports of pods', () => {
    const services = ofKind(objects, 'Service');
    for (const { metadata, spec } of services) {
      const { 'statefulset.kubernetes.io/pod-name': one, ...labels } = spec.selector as unknown as Record<
        string,
        string
      >;
      const found = pods.filter((pod) => selects({ matchLabels: labels }, pod.labels));
      expect(found.length, metadata.name).toBeGreaterThan(0);
      for (const { name, replicas, spec: pod } of found) {
        if (one) expect(Array.from({ length: replicas }, (_, at) => `${name}-${at}`)).toContain(one);
        const has = pod.containers.flatMap(({ ports = [] }) =>
          ports.flatMap((each) => [each.name, each.containerPort]),
        );
        for (const { targetPort, port } of spec.ports) expect(has).toContain(targetPort ?? port);
      }
    }
    const names = services.map(({ metadata }) => metadata.name);
    for (const { http } of ofKind(objects, 'Ingress').flatMap(({ spec }) => spec.rules))
      for (const { backend } of http.paths) expect(names).toContain(backend.service.name);
  });
});
