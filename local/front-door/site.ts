// Serves a built site as Cloudflare Pages does: addresses without ".html", `_headers`, the site's own 404 page, compressed.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type HeaderRule, headersFor, parseHeadersFile } from './headers-file.ts';

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};
const COMPRESSED = new Set(['.css', '.html', '.js', '.json', '.svg', '.txt', '.webmanifest']);

/** Files for Pages itself: read, never served. */
const PRIVATE = new Set(['/_headers', '/_redirects', '/_routes.json', '/_worker.js']);

/** A site in a folder. Files are read once; a changed build is noticed by its `_headers` and the files' times. */
export class Site {
  readonly #dir: string;
  #rules: { at: number; rules: HeaderRule[] } | undefined;
  readonly #files = new Map<string, { at: number; body: Buffer; gzipped: Buffer | undefined; etag: string }>();

  /** @param dir the built site, such as dist/dashboard. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Answers a GET or HEAD. @param path of the URL, still percent-encoded. */
  serve(request: Request, path: string): Response {
    if (request.method !== 'GET' && request.method !== 'HEAD') return new Response(null, { status: 405 });
    const plain = decode(path);
    const found = plain === undefined || PRIVATE.has(plain) ? undefined : this.#find(plain);
    if (found !== undefined && found.path !== plain) {
      return new Response(null, { status: 308, headers: { location: found.path + new URL(request.url).search } });
    }
    const file = found?.file ?? '/404.html';
    const { body, gzipped, etag } = this.#read(file);
    const headers = new Headers({
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'cache-control': 'public, max-age=0, must-revalidate',
      etag,
      vary: 'accept-encoding',
    });
    for (const [name, value] of headersFor(this.#headerRules(), plain ?? '/')) headers.set(name, value);
    if (found !== undefined && request.headers.get('if-none-match') === etag) {
      return new Response(null, { status: 304, headers });
    }
    const zip = gzipped !== undefined && /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
    if (zip) headers.set('content-encoding', 'gzip');
    const content = new Uint8Array(zip ? gzipped : body);
    headers.set('content-length', String(content.length));
    return new Response(request.method === 'HEAD' ? null : content, { status: found ? 200 : 404, headers });
  }

  /** The file for a path, and its canonical address. */
  #find(path: string): { file: string; path: string } | undefined {
    const isFile = (file: string) => statSync(join(this.#dir, file), { throwIfNoEntry: false })?.isFile() ?? false;
    const bare = path.replace(/\/$/, '');
    if (path.endsWith('.html') && isFile(path))
      return { file: path, path: path.replace(/(\/index)?\.html$/, '') || '/' };
    if (path !== '/' && isFile(bare) && !path.endsWith('/')) return { file: path, path };
    if (isFile(`${bare}/index.html`)) return { file: `${bare}/index.html`, path: `${bare}/` };
    if (bare !== '' && isFile(`${bare}.html`)) return { file: `${bare}.html`, path: bare };
    return undefined;
  }

  #read(file: string) {
    const path = join(this.#dir, file);
    if (!existsSync(path)) return { body: Buffer.from('Not found\n'), gzipped: undefined, etag: '"none"' };
    const at = statSync(path).mtimeMs;
    const known = this.#files.get(file);
    if (known?.at === at) return known;
    const body = readFileSync(path);
    const gzipped = COMPRESSED.has(extname(file)) ? gzipSync(body) : undefined;
    const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`;
    const entry = { at, body, gzipped, etag };
    this.#files.set(file, entry);
    return entry;
  }

  #headerRules(): HeaderRule[] {
    const file = join(this.#dir, '_headers');
    const at = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (at === undefined) return [];
    if (this.#rules?.at !== at) this.#rules = { at, rules: parseHeadersFile(readFileSync(file, 'utf8')) };
    return this.#rules.rules;
  }
}

/** The decoded path; undefined if it is malformed or leads out of the site. */
function decode(path: string): string | undefined {
  try {
    const plain = decodeURIComponent(path);
    return normalize(plain) === plain && !plain.includes('\0') ? plain : undefined;
  } catch {
    return undefined;
  }
}
