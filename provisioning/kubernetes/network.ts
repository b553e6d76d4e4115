// Who reaches whom: one table of ways, from which each part's network policy is made. What is not in it is denied.
import type { NetworkPolicy, NetworkPolicyPeer } from 'kubernetes-types/networking/v1.d.ts';
import { MQTT_TLS_PORT } from '../../domain/ingress.ts';
import { WEB_PORT } from './app.ts';
import { DATABASE_PORT } from './database.ts';
import { first, type KubernetesObject, podsOf } from './objects.ts';
import type { Settings } from './settings.ts';

/** The platform's parts, by the name of their pods. */
const PARTS = ['broker', 'worker', 'api', 'dashboard', 'database', 'prepare', 'backup', 'archive', 'drill'] as const;
type Part = (typeof PARTS)[number];
/** Others, who are not pods of the platform. */
type Other = 'devices' | 'ingress' | 'monitoring' | 'dns' | 'internet';

/** A way into a part, or to others. */
interface Way {
  to: Part | Other;
  ports: readonly number[];
  from: readonly (Part | Other)[];
}

/** Who has something in the database; the broker's agent keeps its accounts as the registry there has them. */
const DATABASE_USERS = ['broker', 'worker', 'api', 'prepare', 'backup', 'archive', 'drill'] as const;

/** Every way there is. */
export const WAYS: readonly Way[] = [
  { to: 'broker', ports: [MQTT_TLS_PORT], from: ['devices', 'worker'] },
  { to: 'worker', ports: [WEB_PORT], from: ['ingress', 'monitoring'] },
  { to: 'api', ports: [WEB_PORT], from: ['ingress', 'worker'] },
  { to: 'dashboard', ports: [WEB_PORT], from: ['ingress'] },
  { to: 'database', ports: [DATABASE_PORT], from: DATABASE_USERS },
  { to: 'dns', ports: [53], from: DATABASE_USERS },
  // Webhooks, the provider of a language model; mail.
  { to: 'internet', ports: [443, 465, 587], from: ['worker'] },
];

/** Not the internet: addresses of the cluster, its nodes and their metadata service. */
const NOT_PUBLIC = {
  '0.0.0.0/0': ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
  '::/0': ['fc00::/7', 'fe80::/10'],
};

/** Where cert-manager's solver of HTTP-01 listens. */
const SOLVER_PORT = 8089;

/** The policies. */
export function networkObjects(settings: Settings): KubernetesObject[] {
  const solver = settings.clusterIssuer === undefined ? [] : [solverPolicy(settings)];
  return [nothing(settings), ...PARTS.flatMap((part) => policyOf(part, settings)), ...solver];
}

/** Pods of others in this namespace have no way either. */
const nothing = (settings: Settings) =>
  policy('nothing', settings, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });

function policyOf(part: Part, settings: Settings): KubernetesObject[] {
  if (part === 'database' && settings.database) return [];
  const ports = (way: Way) =>
    way.ports.flatMap((port) => (way.to === 'dns' ? ['UDP', 'TCP'] : ['TCP']).map((protocol) => ({ protocol, port })));
  const ingress = WAYS.filter(({ to }) => to === part).map((way) => ({
    from: way.from.flatMap((who) => peers(who, settings)),
    ports: ports(way),
  }));
  const egress = WAYS.filter(({ from }) => from.includes(part)).map((way) => ({
    to: peers(way.to, settings),
    ports: ports(way),
  }));
  return [policy(part, settings, { podSelector: podsOf(part), policyTypes: ['Ingress', 'Egress'], ingress, egress })];
}

function peers(who: Part | Other, settings: Settings): NetworkPolicyPeer[] {
  const namespace = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });
  switch (who) {
    case 'devices':
      return Object.keys(NOT_PUBLIC).map((cidr) => ({ ipBlock: { cidr } }));
    case 'internet':
      return Object.entries(NOT_PUBLIC).map(([cidr, except]) => ({ ipBlock: { cidr, except } }));
    case 'ingress':
      return [namespace(settings.ingress.namespace)];
    case 'monitoring':
      return [namespace(settings.monitoring.namespace)];
    case 'dns':
      return [{ ...namespace('kube-system'), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }];
    case 'database':
      if (settings.database) return settings.database.cidrs.map((cidr) => ({ ipBlock: { cidr } }));
      break;
    default:
  }
  return [{ podSelector: podsOf(who) }];
}

const solverPolicy = (settings: Settings) =>
  policy('solver', settings, {
    podSelector: { matchLabels: { 'acme.cert-manager.io/http01-solver': 'true' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: peers('ingress', settings), ports: [{ protocol: 'TCP', port: SOLVER_PORT }] }],
  });

const policy = (name: string, settings: Settings, spec: NetworkPolicy['spec']): KubernetesObject =>
  ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: first(name, settings),
    spec,
  }) as KubernetesObject;
