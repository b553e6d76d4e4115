// compose.yaml: the platform's containers. Every one has a read-only file system, no capability, no root, and bounds.
import { stringify } from 'yaml';
import { MQTT_TLS_PORT, WEB_PORTS } from '../../domain/ingress.ts';
import { QUESTION_SETTINGS } from '../../domain/questions.ts';
import { DEFAULT_MAX_CONNECTIONS } from '../broker/config.ts';
import { FILES, PATHS } from '../machine/bundle/paths.ts';
import { BROKER_TARGETS, SECRETS, type SecretName, SHARED_GID, UIDS } from './secrets.ts';

/** Containers of the app: away while the database is restored. */
export const APP_SERVICES = ['api', 'worker'] as const;

/** Folders of the project for what is kept beside the database. */
export const STORES = ['backups', 'archive'] as const;

/** The same, and where the API leaves letters that nobody mails. */
export const FOLDERS = [...STORES, 'letters'] as const;

/** Of a container's log: five files of ten megabytes. */
const LOGGING = { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '5' } };

/** A value of .env, as Compose fills it in. */
const setting = (expression: string) => `\${${expression}}`;
/** The host's name, which must be set. */
const HOST = setting('PLATFORM_HOST:?set PLATFORM_HOST in .env');
const DATA_NETWORK = setting('DATA_NETWORK');

/** What one container is. */
export interface Service {
  target: 'broker' | 'database' | 'app' | 'proxy';
  user: keyof typeof UIDS;
  command: string[];
  /** Bounds: megabytes, and processes with threads. */
  memoryMb: number;
  pids: number;
  networks: Record<string, object>;
  secrets: SecretName[];
  /** Where they are found instead of /run/secrets. */
  targets?: Partial<Record<SecretName, string>>;
  /** What says that it works. Default: that it runs. */
  health?: string[];
  /** Those that must be healthy before it starts. */
  after: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  /** Folders in memory beside /tmp. */
  tmpfs?: string[];
  others?: Record<string, unknown>;
}

const health = (path: string) => node('/opt/mqtt-saas/health.mjs', path, HOST);
const file = (name: SecretName) => `/run/secrets/${name}`;
/** Where containers have what is kept beside the database. */
const placeOf = (store: (typeof FOLDERS)[number]) => `/var/lib/mqtt-saas/${store}`;
const node = (...args: string[]) => ['/opt/mqtt-saas/bin/node', ...args];

/** How other containers on its networks reach the API. */
const API_INSIDE = 'http://api:8080';

const FRONT_DOOR = {
  LITE_TELEMETRY: '0',
  FRONT_DOOR_PORT: '8080',
  FRONT_DOOR_ADDRESS: '0.0.0.0',
  FRONT_DOOR_ORIGIN: `https://${HOST}`,
  SUPABASE_PUBLISHABLE_KEY_FILE: file('publishable.key'),
};

/** Every container, by name; in values of its environment stand Compose's marks for settings. */
export const SERVICES: Record<string, Service> = {
  database: {
    target: 'database',
    user: 'database',
    command: ['/opt/mqtt-saas/database.sh'],
    memoryMb: 1024,
    pids: 200,
    // Of a fixed address: an operator's commands on this host reach it there.
    networks: { data: { ipv4_address: `${DATA_NETWORK}.2` } },
    secrets: ['database.crt', 'database.key', 'database.password'],
    health: ['/usr/lib/postgresql/17/bin/pg_isready', '-q', '-h', '127.0.0.1', '-U', 'postgres'],
    after: [],
    volumes: ['database:/var/lib/postgresql'],
    others: { shm_size: '256m', stop_signal: 'SIGINT', stop_grace_period: '60s' },
  },
  agent: {
    target: 'broker',
    user: 'agent',
    command: [`${PATHS.current}/bin/registry-sync.py`],
    memoryMb: 128,
    pids: 32,
    networks: { data: {} },
    secrets: ['registry.url', 'database-ca.crt'],
    targets: BROKER_TARGETS,
    health: ['test', '-s', `${PATHS.accounts}/${FILES.registry}`],
    after: ['database'],
    volumes: [`accounts:${PATHS.accounts}`],
    tmpfs: [`${PATHS.registrySync}:mode=0700,uid=${UIDS.agent}`],
  },
  broker: {
    target: 'broker',
    user: 'broker',
    command: [`${PATHS.current}/broker.sh`],
    memoryMb: 768,
    pids: 32,
    networks: { front: { aliases: [HOST] } },
    secrets: ['ca.crt', 'server.crt', 'server.key', 'stamp.key'],
    targets: BROKER_TARGETS,
    health: [`${PATHS.current}/broker-health.sh`],
    after: ['agent'],
    volumes: [`broker:${PATHS.state}`, `accounts:${PATHS.accounts}:ro`],
    tmpfs: [`${PATHS.metrics}:mode=0700,uid=${UIDS.broker}`],
    others: {
      ports: [`${MQTT_TLS_PORT}:${MQTT_TLS_PORT}`],
      // One file descriptor a client: twice what the broker takes.
      ulimits: { nofile: 2 * DEFAULT_MAX_CONNECTIONS },
      // Saving a full queue to a small disk takes a while; a kill would lose it.
      stop_grace_period: '180s',
    },
  },
  worker: {
    target: 'app',
    user: 'app',
    command: node('--enable-source-maps', '/opt/mqtt-saas/functions/main.mjs', '--mode', 'worker'),
    memoryMb: 512,
    pids: 64,
    networks: { front: {}, data: {} },
    secrets: [
      'ca.crt',
      'database-ca.crt',
      'ingest.url',
      'ingest.key',
      'control.key',
      'stamp.key',
      'notify.key',
      'smtp.password',
      'questions.key',
      'publishable.key',
    ],
    health: health('/api/health'),
    after: ['database', 'broker'],
    environment: {
      MQTT_BROKER_URL: `mqtts://${HOST}:${MQTT_TLS_PORT}`,
      MQTT_BROKER_CA: file('ca.crt'),
      MQTT_BROKER_USERNAME: 'svc-ingest',
      MQTT_BROKER_PASSWORD_FILE: file('ingest.key'),
      MQTT_CONTROL_PASSWORD_FILE: file('control.key'),
      MQTT_GATE_KEY_FILE: file('stamp.key'),
      EXTERNAL_DATABASE_CONNECTION_STRING_FILE: file('ingest.url'),
      EXTERNAL_DATABASE_CA: file('database-ca.crt'),
      HEALTH_PORT: '8080',
      HEALTH_ADDRESS: '0.0.0.0',
      NOTIFY_KEY_FILE: file('notify.key'),
      NOTIFY_DASHBOARD_URL: `https://${HOST}`,
      NOTIFY_OWN_HOSTS: HOST,
      NOTIFY_SMTP_URL: setting('NOTIFY_SMTP_URL:-'),
      NOTIFY_SMTP_PASSWORD_FILE: file('smtp.password'),
      NOTIFY_FROM: setting('NOTIFY_FROM:-'),
      ...Object.fromEntries(QUESTION_SETTINGS.map((name) => [name, setting(`${name}:-`)])),
      QUESTIONS_KEY_FILE: file('questions.key'),
      // By the data's network, which both are on: the host's name leads the worker to the broker.
      QUESTIONS_API_URL: API_INSIDE,
      QUESTIONS_PUBLISHABLE_KEY_FILE: file('publishable.key'),
    },
    others: { stop_grace_period: '40s' },
  },
  api: {
    target: 'app',
    user: 'app',
    command: node('/opt/mqtt-saas/front-door.mjs'),
    memoryMb: 384,
    pids: 64,
    networks: { web: {}, data: {} },
    secrets: ['api.url', 'jwt.secret', 'publishable.key', 'database-ca.crt'],
    health: health('/auth/v1/health'),
    after: ['database'],
    environment: {
      ...FRONT_DOOR,
      FRONT_DOOR_INSIDE: API_INSIDE,
      FRONT_DOOR_DATABASE_URL_FILE: file('api.url'),
      FRONT_DOOR_JWT_SECRET_FILE: file('jwt.secret'),
      NODE_EXTRA_CA_CERTS: file('database-ca.crt'),
      FRONT_DOOR_LETTERS: placeOf('letters'),
    },
    volumes: [`./letters:${placeOf('letters')}`],
  },
  dashboard: {
    target: 'app',
    user: 'app',
    command: node('/opt/mqtt-saas/front-door.mjs'),
    memoryMb: 192,
    pids: 64,
    networks: { web: {} },
    secrets: ['publishable.key', 'ca.crt', 'archive-links.key'],
    health: health('/'),
    after: [],
    environment: {
      ...FRONT_DOOR,
      FRONT_DOOR_SITE: '/opt/mqtt-saas/dashboard',
      BROKER_HOST: HOST,
      BROKER_PORT: String(MQTT_TLS_PORT),
      BROKER_CA_FILE: file('ca.crt'),
      ENVIRONMENT: 'on premises',
      NODE_EXTRA_CA_CERTS: file('ca.crt'),
      ARCHIVE_STORE: placeOf('archive'),
      ARCHIVE_LINK_KEY_FILE: file('archive-links.key'),
      // The proxy passes questions to the worker, which is on none of this container's networks.
      QUESTIONS_URL: `https://${HOST}/api/questions`,
      QUESTIONS_PROVIDER: setting('QUESTIONS_URL:-'),
    },
    volumes: [`./archive:${placeOf('archive')}:ro`],
  },
  nightly: {
    target: 'app',
    user: 'app',
    command: node('/opt/mqtt-saas/nightly.mjs'),
    memoryMb: 512,
    pids: 64,
    networks: { data: {} },
    secrets: ['backup.url', 'backup.key', 'archive.url', 'archive-links.key', 'database-ca.crt'],
    after: ['database'],
    // Of the host: a disk elsewhere may be mounted there.
    volumes: STORES.map((name) => `./${name}:${placeOf(name)}`),
  },
  proxy: {
    target: 'proxy',
    user: 'web',
    command: ['nginx', '-c', '/opt/mqtt-saas/nginx.conf', '-g', 'daemon off;'],
    memoryMb: 128,
    pids: 32,
    networks: { front: {}, web: { aliases: [HOST] } },
    secrets: ['server.crt', 'server.key'],
    health: ['bash', '-c', `exec 3<>/dev/tcp/127.0.0.1/${WEB_PORTS.https}`],
    after: ['api', 'dashboard'],
    others: {
      ports: Object.values(WEB_PORTS).map((port) => `${port}:${port}`),
      sysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' },
    },
  },
};

/** The text of compose.yaml. @param release names the images. */
export function renderProject(release: string): string {
  const used = new Set(Object.values(SERVICES).flatMap(({ secrets }) => secrets));
  const project = {
    services: Object.fromEntries(Object.entries(SERVICES).map(([name, one]) => [name, serviceOf(one, release)])),
    networks: {
      front: {},
      web: { internal: true },
      data: {
        internal: true,
        ipam: { config: [{ subnet: `${DATA_NETWORK}.0/24`, ip_range: `${DATA_NETWORK}.128/25` }] },
      },
    },
    volumes: { database: {}, broker: {}, accounts: {} },
    secrets: Object.fromEntries([...used].sort().map((name) => [name, { file: `./secrets/${name}` }])),
  };
  const head = '# The platform on one host. Rendered: `npm run ops -- render compose`; docs/on-premises.md.\n';
  return head + stringify(project, { lineWidth: 0, aliasDuplicateObjects: false });
}

function serviceOf(service: Service, release: string): Record<string, unknown> {
  const { target, user, secrets, targets = {}, after } = service;
  const isShared = secrets.some((name) => SECRETS[name].reader === 'shared');
  return {
    image: imageOf(target, release),
    user: `${UIDS[user]}:${UIDS[user]}`,
    ...(isShared && { group_add: [String(SHARED_GID)] }),
    command: service.command,
    ...(service.environment && { environment: service.environment }),
    secrets: secrets.map((name) => ({ source: name, target: targets[name] ?? `/run/secrets/${name}` })),
    networks: service.networks,
    ...(service.volumes && { volumes: service.volumes }),
    read_only: true,
    tmpfs: ['/tmp:mode=1777', ...(service.tmpfs ?? [])],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    mem_limit: `${service.memoryMb}m`,
    pids_limit: service.pids,
    // Also after a stop of the engine by hand: what is not wanted any more is taken down.
    restart: 'always',
    logging: LOGGING,
    ...(service.health && {
      healthcheck: { test: ['CMD', ...service.health], interval: '5s', timeout: '10s', retries: 12 },
    }),
    ...(after.length > 0 && {
      depends_on: Object.fromEntries(after.map((name) => [name, { condition: 'service_healthy' }])),
    }),
    ...service.others,
  };
}

/** The image of one target of the Dockerfile. */
export const imageOf = (target: string, release: string) => `mqtt-saas-${target}:${release}`;

/** Targets of the Dockerfile that containers use. */
export const TARGETS = [...new Set(Object.values(SERVICES).map(({ target }) => target))];

/** Names of the services that always run. */
export const SERVICE_NAMES = Object.keys(SERVICES);

/** Secrets of a service. */
export const secretsOf = (service: string): readonly SecretName[] => SERVICES[service]!.secrets;
