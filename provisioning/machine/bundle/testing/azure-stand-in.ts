// Stands in tests for the metadata service, the vault and Blob storage on one loopback port: what they answer, and what
// they insist on, is from Azure's REST reference.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What Azure holds, and what it was asked. Tests change it at any time. */
export interface AzureStandIn {
  /** Address of all three: METADATA_ENDPOINT, the vault's URI, and before `/container` of a blob. */
  readonly url: string;
  /** The vault's secrets by name. */
  readonly secrets: Map<string, string>;
  /** Blobs by path, such as `bundles/current`. */
  readonly blobs: Map<string, Buffer>;
  /** Method and path of every request, in order. */
  readonly requests: string[];
  /** Requests that are refused with 403 before the role assignment is in force. */
  refusals: number;
  stop(): Promise<void>;
}

/** No error or log line of any script may hold one of these. */
export const TOKENS: Record<string, string> = {
  'https://vault.azure.net': 'token-only-the-vault-may-see',
  'https://storage.azure.com/': 'token-only-blob-may-see',
};
/** Most blobs of one page of a list; small, so that tests see paging. */
const PAGE = 2;

/** Starts it on a free port. */
export async function startAzure(): Promise<AzureStandIn> {
  const server = createServer((request, response) => void answer(request, response, azure));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const azure: AzureStandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets: new Map(),
    blobs: new Map(),
    requests: [],
    refusals: 0,
    stop: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return azure;
}

async function answer(request: IncomingMessage, response: ServerResponse, azure: AzureStandIn): Promise<void> {
  const url = new URL(request.url ?? '', azure.url);
  const path = decodeURIComponent(url.pathname.slice(1));
  azure.requests.push(`${request.method} ${path}`);
  const { status, body, headers } = await reply(azure, request, url, path);
  response.writeHead(status, headers).end(body);
}

interface Reply {
  status: number;
  body?: string | Buffer;
  headers?: Record<string, string | number>;
}

async function reply(azure: AzureStandIn, request: IncomingMessage, url: URL, path: string): Promise<Reply> {
  if (path === 'metadata/identity/oauth2/token') return issueToken(request, url);
  const isVault = path.startsWith('secrets/');
  const token = TOKENS[isVault ? 'https://vault.azure.net' : 'https://storage.azure.com/'];
  if (request.headers.authorization !== `Bearer ${token}`) return { status: 401 };
  if (azure.refusals > 0) {
    azure.refusals -= 1;
    return { status: 403, headers: { 'x-ms-error-code': 'AuthorizationPermissionMismatch' } };
  }
  if (!isVault) return replyAsBlob(azure, request, url, path);
  const value = azure.secrets.get(path.slice('secrets/'.length));
  return value === undefined ? { status: 404 } : { status: 200, body: JSON.stringify({ value }) };
}

function issueToken(request: IncomingMessage, url: URL): Reply {
  const token = TOKENS[url.searchParams.get('resource') ?? ''];
  if (request.headers.metadata !== 'true' || !token || !url.searchParams.has('api-version')) return { status: 400 };
  const expires = Math.floor(Date.now() / 1000) + 86_400;
  return { status: 200, body: JSON.stringify({ access_token: token, expires_on: String(expires) }) };
}

async function replyAsBlob(azure: AzureStandIn, request: IncomingMessage, url: URL, path: string): Promise<Reply> {
  // Bearer tokens need a version from 2017-11-09 on.
  if (String(request.headers['x-ms-version'] ?? '') < '2017-11-09') return { status: 400 };
  if (request.method === 'PUT') {
    const { 'x-ms-blob-type': type, 'content-length': length } = request.headers;
    if (type !== 'BlockBlob' || !length) return { status: 400 };
    azure.blobs.set(path, await buffer(request));
    return { status: 201 };
  }
  if (url.searchParams.get('comp') === 'list') return { status: 200, body: listPage(azure, path, url.searchParams) };
  const blob = azure.blobs.get(path);
  if (!blob) return { status: 404, headers: { 'x-ms-error-code': 'BlobNotFound' } };
  return { status: 200, body: blob, headers: { 'Content-Length': blob.length } };
}

function listPage(azure: AzureStandIn, container: string, query: URLSearchParams): string {
  const prefix = `${container}/${query.get('prefix') ?? ''}`;
  const from = Number(query.get('marker') || 0);
  const names = [...azure.blobs.keys()].filter((name) => name.startsWith(prefix)).sort();
  const blobs = names.slice(from, from + PAGE).map((name) => {
    const size = azure.blobs.get(name)?.length;
    const properties = `<Last-Modified>Fri, 20 Nov 2026 01:02:03 GMT</Last-Modified><Content-Length>${size}</Content-Length>`;
    return `<Blob><Name>${name.slice(container.length + 1)}</Name><Properties>${properties}</Properties></Blob>`;
  });
  const next = from + PAGE < names.length ? String(from + PAGE) : '';
  return `<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>${blobs.join('')}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`;
}
