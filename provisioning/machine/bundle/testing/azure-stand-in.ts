// Azure as the machine sees it: the metadata service, the vault, Blob storage, custom metrics, and the Function App's HTTP. What they
// answer and what they insist on is from Azure's REST reference; what they hold, tests put in and read. A booted machine asks each under
// its own name (`azureServices`); a script that runs in a test asks all on one loopback port (`startAzure`).
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Asked,
  type Journal,
  listener,
  Refusal,
  type Reply,
  type Service,
} from '../../../../tests/machine/standins/http.ts';

/** What Azure holds for one machine. Tests change it at any time. */
export interface Azure {
  /** The vault's secrets by name. */
  readonly secrets: Map<string, string>;
  /** Blobs by container and name, such as `bundles/current`. */
  readonly blobs: Map<string, Buffer>;
  /** Containers and what the machine's identity may do there; `*`: in any other. */
  readonly rights: Map<string, 'read' | 'write'>;
  /** Requests that vault and Blob refuse with 403 before the role assignment is in force. */
  refusals: number;
  /** Services of a booted machine that answer 503 at the moment. */
  readonly away: Set<Name>;
  /** The newest value of each custom metric, by namespace and name. */
  readonly metrics: Map<string, number>;
  /** Timers that were called, in order. */
  readonly called: string[];
}

type Name = 'metadata' | 'vault' | 'blob' | 'monitor' | 'functions';

/** The services on one port. */
export interface AzureStandIn extends Azure {
  /** Address of all: METADATA_ENDPOINT, MONITOR_ENDPOINT, the vault's URI, the Function App's, and before `/container` of a blob. */
  readonly url: string;
  /** Method and path of every request, in order. */
  readonly requests: string[];
  stop(): Promise<void>;
}

const VAULT = 'https://vault.azure.net';
const STORAGE = 'https://storage.azure.com/';
const MONITOR = 'https://monitoring.azure.com/';
/** No error or log line of any script may hold one of these. */
export const TOKENS: Record<string, string> = {
  [VAULT]: 'token-only-the-vault-may-see',
  [STORAGE]: 'token-only-blob-may-see',
  [MONITOR]: 'token-only-monitor-may-see',
};
/** The first version of Blob's interface that takes tokens of an identity. */
const OLDEST_BLOB_VERSION = '2017-11-09';
const TOKEN_SECONDS = 86_400;
/** Most blobs of one page of a list; small, so that tests see paging. */
const PAGE = 2;
/** What the metadata service says of the machine. */
export const RESOURCE_ID =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mqtt-test/providers/Microsoft.Compute/virtualMachines/vm-mqtt-test';
export const REGION = 'northeurope';
/** Of the vault's secret that the Function App knows its caller by. */
const TIMER_KEY_SECRET = 'timer-twin-key';

const holdNothing = (): Azure => ({
  secrets: new Map(),
  blobs: new Map(),
  rights: new Map(),
  refusals: 0,
  away: new Set(),
  metrics: new Map(),
  called: [],
});

/** All services, and what they hold: nothing yet. */
export function azureServices(): { azure: Azure } & Record<Name, Service> {
  const azure = holdNothing();
  const services: Record<Name, Service> = {
    metadata,
    vault: (asked) => vault(azure, asked),
    blob: (asked) => blob(azure, asked),
    monitor: (asked) => monitor(azure, asked),
    functions: (asked) => functions(azure, asked),
  };
  const unlessAway = ([name, service]: [string, Service]): [string, Service] => [
    name,
    (asked) => (azure.away.has(name as Name) ? { status: 503 } : service(asked)),
  ];
  return { azure, ...(Object.fromEntries(Object.entries(services).map(unlessAway)) as Record<Name, Service>) };
}

/** Starts all on a free port. The identity may write to every container. */
export async function startAzure(): Promise<AzureStandIn> {
  const journal: Journal = { requests: [], refused: [] };
  const all: Service = (asked) => {
    const { pathname } = asked.url;
    azure.requests.push(`${asked.method} ${pathname.slice(1)}`);
    if (pathname.startsWith('/metadata/')) return metadata(asked);
    if (pathname.startsWith('/subscriptions/')) return monitor(azure, asked);
    if (pathname.startsWith('/api/')) return functions(azure, asked);
    return pathname.startsWith('/secrets/') ? vault(azure, asked) : blob(azure, asked);
  };
  const server = createServer(listener(journal, () => all)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const azure: AzureStandIn = {
    ...holdNothing(),
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    stop: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  azure.rights.set('*', 'write');
  return azure;
}

function metadata({ method, url, headers }: Asked): Reply {
  if (method !== 'GET') throw new Refusal(405, 'only GET');
  if (headers.metadata !== 'true') throw new Refusal(400, 'the header Metadata: true is missing');
  if (headers['x-forwarded-for']) throw new Refusal(400, 'came through a proxy');
  if (url.pathname === '/metadata/instance/compute') return json({ resourceId: RESOURCE_ID, location: REGION });
  if (url.pathname !== '/metadata/identity/oauth2/token') throw new Refusal(404, 'not a token request');
  if (!/^\d{4}-\d{2}-\d{2}$/.test(url.searchParams.get('api-version') ?? '')) throw new Refusal(400, 'no api-version');
  const resource = url.searchParams.get('resource') ?? '';
  const token = TOKENS[resource];
  if (!token) throw new Refusal(400, `a token for ${resource}, which the machine has no business with`);
  const expires = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
  return json({ access_token: token, token_type: 'Bearer', resource, expires_on: String(expires) });
}

function vault(azure: Azure, { method, url, headers }: Asked): Reply {
  requireToken(headers, VAULT);
  if (!/^7\.\d$/.test(url.searchParams.get('api-version') ?? '')) throw new Refusal(400, 'no api-version of the vault');
  const [, name] = /^\/secrets\/([0-9a-zA-Z-]+)$/.exec(url.pathname) ?? [];
  if (method !== 'GET' || !name) throw new Refusal(403, 'the identity may only read secrets it knows by name');
  if (isRefused(azure)) return NOT_YET;
  const value = azure.secrets.get(name);
  return value === undefined ? { status: 404 } : json({ value, id: `${url.origin}${url.pathname}` });
}

function blob(azure: Azure, { method, url, headers, body }: Asked): Reply {
  requireToken(headers, STORAGE);
  if (String(headers['x-ms-version'] ?? '') < OLDEST_BLOB_VERSION)
    throw new Refusal(400, 'x-ms-version is missing or old');
  if (isRefused(azure)) return NOT_YET;
  const path = decodeURIComponent(url.pathname.slice(1));
  const [container = ''] = path.split('/');
  const right = azure.rights.get(container) ?? azure.rights.get('*');
  if (!right) throw new Refusal(403, 'a container that the identity has no role in');
  if (method === 'GET' && path === container) return list(azure, container, url.searchParams);
  if (method === 'GET') return read(azure, path);
  if (method !== 'PUT' || right !== 'write') throw new Refusal(403, 'the identity may not change this container');
  if (headers['x-ms-blob-type'] !== 'BlockBlob') throw new Refusal(400, 'x-ms-blob-type is not BlockBlob');
  if (Number(headers['content-length']) !== body.length) throw new Refusal(411, 'the length is missing or wrong');
  azure.blobs.set(path, body);
  return { status: 201 };
}

function read(azure: Azure, path: string): Reply {
  const content = azure.blobs.get(path);
  if (!content) return { status: 404, headers: { 'x-ms-error-code': 'BlobNotFound' } };
  return { headers: { 'Content-Length': content.length }, body: content };
}

function list(azure: Azure, container: string, query: URLSearchParams): Reply {
  if (query.get('restype') !== 'container' || query.get('comp') !== 'list')
    throw new Refusal(400, 'not a list request');
  const prefix = `${container}/${query.get('prefix') ?? ''}`;
  const from = Number(query.get('marker') || 0);
  const names = [...azure.blobs.keys()].filter((name) => name.startsWith(prefix)).sort();
  const items = names.slice(from, from + PAGE).map((name) => {
    const size = azure.blobs.get(name)?.length;
    const properties = `<Last-Modified>Fri, 20 Nov 2026 01:02:03 GMT</Last-Modified><Content-Length>${size}</Content-Length>`;
    return `<Blob><Name>${name.slice(container.length + 1)}</Name><Properties>${properties}</Properties></Blob>`;
  });
  const next = from + PAGE < names.length ? String(from + PAGE) : '';
  const body = `<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>${items.join('')}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`;
  return { headers: { 'Content-Type': 'application/xml' }, body };
}

/**
 * What Azure takes: Microsoft Learn, "Ingest custom metrics for an Azure resource using the REST API" and "Metrics - Custom - Create".
 * A time older than 20 minutes or 5 ahead is refused by that page; the service's own words are 30 and 4 (MicrosoftDocs/azure-docs#107730),
 * and that there are fewer than 10 dimensions (influxdata/telegraf#7318). Here the narrower of each.
 */
function monitor(azure: Azure, { method, url, headers, body }: Asked): Reply {
  requireToken(headers, MONITOR);
  if (method !== 'POST' || url.pathname !== `${RESOURCE_ID}/metrics`) throw new Refusal(403, 'not the machine itself');
  const isLines = headers['content-type'] === 'application/x-ndjson';
  if (!isLines && headers['content-type'] !== 'application/json')
    throw new Refusal(415, 'neither JSON nor lines of it');
  if (Number(headers['content-length']) !== body.length) throw new Refusal(411, 'the length is missing or wrong');
  if (isRefused(azure)) return NOT_YET;
  for (const text of isLines ? body.toString().split('\n') : [body.toString()]) {
    const { time, data } = JSON.parse(text) as { time: string; data: { baseData: BaseData } };
    const { metric, namespace, dimNames = [], series } = data.baseData;
    const minutes = (Date.now() - Date.parse(time)) / 60_000;
    if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(time) || !(minutes <= 20 && minutes >= -4))
      throw new Refusal(400, `${time} is too old, too far ahead or not in UTC`);
    if (!metric || metric.length > 256 || !namespace || namespace.startsWith('Microsoft.'))
      throw new Refusal(400, `${namespace} ${metric} cannot be the name of a custom metric`);
    if (dimNames.length >= 10) throw new Refusal(400, `${metric} has ${dimNames.length} dimensions`);
    for (const { dimValues = [], min, max, sum, count } of series) {
      if (dimValues.length !== dimNames.length) throw new Refusal(400, `${metric} has values of other dimensions`);
      if (![min, max, sum].every(Number.isFinite) || !Number.isInteger(count) || count < 1 || min > max)
        throw new Refusal(400, `${metric} has no value`);
      azure.metrics.set(`${namespace} ${metric}`, sum / count);
    }
  }
  return json({});
}

interface BaseData {
  metric: string;
  namespace: string;
  dimNames?: string[];
  series: { dimValues?: string[]; min: number; max: number; sum: number; count: number }[];
}

/** The Function App, as far as functions/periodic/twin.ts answers the machine. */
function functions(azure: Azure, { method, url, headers }: Asked): Reply {
  const [, name] = /^\/api\/run\/(mqtt_ingest|every_minute)$/.exec(url.pathname) ?? [];
  if (method !== 'POST' || !name) throw new Refusal(404, 'no timer of the Function App');
  if (headers.authorization !== `Bearer ${azure.secrets.get(TIMER_KEY_SECRET)}`) throw new Refusal(401, 'not the key');
  azure.called.push(name);
  return json({ outcome: 'done' });
}

function requireToken(headers: Asked['headers'], audience: string): void {
  if (headers.authorization === `Bearer ${TOKENS[audience]}`) return;
  throw new Refusal(401, `not the token for ${audience}`);
}

const NOT_YET: Reply = { status: 403, headers: { 'x-ms-error-code': 'AuthorizationPermissionMismatch' } };

function isRefused(azure: Azure): boolean {
  if (azure.refusals <= 0) return false;
  azure.refusals -= 1;
  return true;
}

const json = (value: object): Reply => ({
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(value),
});
