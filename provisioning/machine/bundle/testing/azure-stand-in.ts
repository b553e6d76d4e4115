// Azure as the machine sees it: the metadata service, the vault and Blob storage. What they answer and what they insist on is
// from Azure's REST reference; what they hold, tests put in and read. A booted machine asks each under its own name
// (`azureServices`); a script that runs in a test asks all three on one loopback port (`startAzure`).
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
  readonly away: Set<'metadata' | 'vault' | 'blob'>;
}

/** The three services on one port. */
export interface AzureStandIn extends Azure {
  /** Address of all three: METADATA_ENDPOINT, the vault's URI, and before `/container` of a blob. */
  readonly url: string;
  /** Method and path of every request, in order. */
  readonly requests: string[];
  stop(): Promise<void>;
}

const VAULT = 'https://vault.azure.net';
const STORAGE = 'https://storage.azure.com/';
/** No error or log line of any script may hold one of these. */
export const TOKENS: Record<string, string> = {
  [VAULT]: 'token-only-the-vault-may-see',
  [STORAGE]: 'token-only-blob-may-see',
};
/** The first version of Blob's interface that takes tokens of an identity. */
const OLDEST_BLOB_VERSION = '2017-11-09';
const TOKEN_SECONDS = 86_400;
/** Most blobs of one page of a list; small, so that tests see paging. */
const PAGE = 2;

const holdNothing = (): Azure => ({
  secrets: new Map(),
  blobs: new Map(),
  rights: new Map(),
  refusals: 0,
  away: new Set(),
});

/** The three services, and what they hold: nothing yet. */
export function azureServices(): { azure: Azure } & Record<'metadata' | 'vault' | 'blob', Service> {
  const azure = holdNothing();
  const services: Record<'metadata' | 'vault' | 'blob', Service> = {
    metadata,
    vault: (asked) => vault(azure, asked),
    blob: (asked) => blob(azure, asked),
  };
  const unlessAway = (name: keyof typeof services): Service => {
    return (asked) => (azure.away.has(name) ? { status: 503 } : services[name](asked));
  };
  return { azure, metadata: unlessAway('metadata'), vault: unlessAway('vault'), blob: unlessAway('blob') };
}

/** Starts all three on a free port. The identity may write to every container. */
export async function startAzure(): Promise<AzureStandIn> {
  const journal: Journal = { requests: [], refused: [] };
  const all: Service = (asked) => {
    const { pathname } = asked.url;
    azure.requests.push(`${asked.method} ${pathname.slice(1)}`);
    if (pathname.startsWith('/metadata/')) return metadata(asked);
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
