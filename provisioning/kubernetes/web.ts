// The two names that others know: an ingress for people, and a certificate for each.
import type { Ingress } from 'kubernetes-types/networking/v1.d.ts';
import { CERTIFICATE_SECRET } from './containers.ts';
import { type KubernetesObject, metadata } from './objects.ts';
import type { Settings } from './settings.ts';

/** Paths of the web that are not the dashboard's. */
const PATHS: readonly [path: string, type: 'Exact' | 'Prefix', to: 'api' | 'worker' | 'dashboard'][] = [
  ['/rest/v1', 'Prefix', 'api'],
  ['/auth/v1', 'Prefix', 'api'],
  ['/api/health', 'Exact', 'worker'],
  ['/api/questions', 'Exact', 'worker'],
  ['/', 'Prefix', 'dashboard'],
];

/** All of it. */
export function webObjects(settings: Settings): KubernetesObject[] {
  const { host, brokerHost, clusterIssuer } = settings;
  const ingress: Ingress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: metadata('web', settings),
    spec: {
      ingressClassName: settings.ingress.class,
      tls: [{ hosts: [host], secretName: WEB_CERTIFICATE }],
      rules: [
        {
          host,
          http: {
            paths: PATHS.map(([path, pathType, name]) => ({
              path,
              pathType,
              backend: { service: { name, port: { name: 'http' } } },
            })),
          },
        },
      ],
    },
  };
  const authority = {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Issuer',
    metadata: metadata(AUTHORITY, settings),
    spec: { ca: { secretName: AUTHORITY } },
  };
  return [
    ...(clusterIssuer ? [] : [authority]),
    certificate(CERTIFICATE_SECRET, brokerHost, settings),
    certificate(WEB_CERTIFICATE, host, settings),
    ingress as KubernetesObject,
  ];
}

/** @param secretName where cert-manager puts it, and puts the next one in its place. */
function certificate(secretName: string, host: string, settings: Settings): KubernetesObject & { spec: object } {
  const { clusterIssuer } = settings;
  const issuer = clusterIssuer ? { kind: 'ClusterIssuer', name: clusterIssuer } : { kind: 'Issuer', name: AUTHORITY };
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: metadata(secretName, settings),
    spec: {
      secretName,
      dnsNames: [host],
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
      duration: '2160h',
      renewBefore: '720h',
      usages: ['digital signature', 'server auth'],
      issuerRef: { group: 'cert-manager.io', ...issuer },
    },
  };
}

/** Of the ingress. */
const WEB_CERTIFICATE = 'web-certificate';

/** The platform's own authority: an issuer, and the secret with its key. */
export const AUTHORITY = 'authority';
