// Azure as the machine sees it: the metadata service, the vault and Blob storage. What they insist on is from Azure's
// REST reference; what they hold, tests put in and read.
import { randomUUID } from 'node:crypto';
import { type Asked, Refusal, type Reply, type Service } from './http.ts';

/** What Azure holds for one machine. Tests change it at any time. */
export interface Azure {
  /** The vault's secrets by name. */
  readonly secrets: Map<string, string>;
  /** Blobs by container and name, such as `bundles/current`. */
  readonly blobs: Map<string, { content: Buffer; modified: Date }>;
  /** Containers and what the machine's identity may do there. */
  readonly rights: Map<string, 'read' | 'write'>;
  /** Services that answer 503 at the moment. */
  readonly away: Set<'metadata' | 'vault' | 'blob'>;
}

const VAULT = 'https://vault.azure.net';
const STORAGE = 'https://storage.azure.com/';
/** The first version of Blob's interface that takes tokens of an identity. */
const OLDEST_BLOB_VERSION = '2017-11-09';
const TOKEN_SECONDS = 86_400;

/** The three services over one {@link Azure}. */
export function azureServices(azure: Azure): Record<'metadata' | 'vault' | 'blob', Service> {
  const tokens = new Map([VAULT, STORAGE].map((audience) => [audience, `test-token-${randomUUID()}`]));
  const services = {
    metadata: (asked: Asked) => metadata(asked, tokens),
    vault: (asked: Asked) => vault(azure, asked, tokens),
    blob: (asked: Asked) => blob(azure, asked, tokens),
  };
  const unlessAway = (name: keyof typeof services): Service => {
    return (asked) => (azure.away.has(name) ? { status: 503 } : services[name](asked));
  };
  return { metadata: unlessAway('metadata'), vault: unlessAway('vault'), blob: unlessAway('blob') };
}

function metadata({ method, url, headers }: Asked, tokens: Map<string, string>): Reply {
  if (method !== 'GET') throw new Refusal(405, 'only GET');
  if (headers.metadata !== 'true') throw new Refusal(400, 'the header Metadata: true is missing');
  if (headers['x-forwarded-for']) throw new Refusal(400, 'came through a proxy');
  if (url.pathname !== '/metadata/identity/oauth2/token') throw new Refusal(404, 'not a token request');
  if (!/^\d{4}-\d{2}-\d{2}$/.test(url.searchParams.get('api-version') ?? '')) throw new Refusal(400, 'no api-version');
  const resource = url.searchParams.get('resource') ?? '';
  const token = tokens.get(resource);
  if (!token) throw new Refusal(400, `a token for ${resource}, which the machine has no business with`);
  const expires = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
  return json({ access_token: token, token_type: 'Bearer', resource, expires_on: String(expires) });
}

function vault(azure: Azure, { method, url, headers }: Asked, tokens: Map<string, string>): Reply {
  requireToken(headers, tokens, VAULT);
  if (!/^7\.\d$/.test(url.searchParams.get('api-version') ?? '')) throw new Refusal(400, 'no api-version of the vault');
  const [, name] = /^\/secrets\/([0-9a-zA-Z-]+)$/.exec(url.pathname) ?? [];
  if (method !== 'GET' || !name) throw new Refusal(403, 'the identity may only read secrets it knows by name');
  const value = azure.secrets.get(name);
  return value === undefined ? { status: 404 } : json({ value, id: `${url.origin}${url.pathname}` });
}

function blob(azure: Azure, { method, url, headers, body }: Asked, tokens: Map<string, string>): Reply {
  requireToken(headers, tokens, STORAGE);
  if (String(headers['x-ms-version'] ?? '') < OLDEST_BLOB_VERSION)
    throw new Refusal(400, 'x-ms-version is missing or old');
  const path = decodeURIComponent(url.pathname.slice(1));
  const [container = ''] = path.split('/');
  const right = azure.rights.get(container);
  if (!right) throw new Refusal(403, 'a container that the identity has no role in');
  if (method === 'GET' && path === container) return list(azure, container, url.searchParams);
  if (method === 'GET' || method === 'HEAD') return read(azure, path, method);
  if (method !== 'PUT' || right !== 'write') throw new Refusal(403, 'the identity may not change this container');
  if (headers['x-ms-blob-type'] !== 'BlockBlob') throw new Refusal(400, 'x-ms-blob-type is not BlockBlob');
  if (Number(headers['content-length']) !== body.length) throw new Refusal(411, 'the length is missing or wrong');
  azure.blobs.set(path, { content: body, modified: new Date() });
  return { status: 201 };
}

function read(azure: Azure, path: string, method: string): Reply {
  const found = azure.blobs.get(path);
  if (!found) return { status: 404, headers: { 'x-ms-error-code': 'BlobNotFound' } };
  const headers = { 'Content-Length': found.content.length, 'Last-Modified': found.modified.toUTCString() };
  return { headers, body: method === 'HEAD' ? undefined : found.content };
}

function list(azure: Azure, container: string, query: URLSearchParams): Reply {
  if (query.get('restype') !== 'container' || query.get('comp') !== 'list')
    throw new Refusal(400, 'not a list request');
  const prefix = `${container}/${query.get('prefix') ?? ''}`;
  const blobs = [...azure.blobs].filter(([path]) => path.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
  const items = blobs.map(([path, { content, modified }]) => {
    const properties = `<Last-Modified>${modified.toUTCString()}</Last-Modified><Content-Length>${content.length}</Content-Length>`;
    return `<Blob><Name>${path.slice(container.length + 1)}</Name><Properties>${properties}</Properties></Blob>`;
  });
  const body = `<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>${items.join('')}</Blobs><NextMarker/></EnumerationResults>`;
  return { headers: { 'Content-Type': 'application/xml' }, body };
}

function requireToken(headers: Asked['headers'], tokens: Map<string, string>, audience: string): void {
  if (headers.authorization === `Bearer ${tokens.get(audience)}`) return;
  throw new Refusal(401, `not the token for ${audience}`);
}

const json = (value: object): Reply => ({
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(value),
});
