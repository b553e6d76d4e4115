// Where the database is, and how its connection is secured: verified TLS, or plaintext only where nobody can listen.
import { readFileSync } from 'node:fs';
import type { ClientConfig } from 'pg';

/** What a client needs to connect. */
export type DatabaseAddress = Required<Pick<ClientConfig, 'host' | 'port' | 'user' | 'password' | 'database'>> & {
  ssl: { rejectUnauthorized: true; ca: string | undefined } | false;
};

/** What of a URL's parameters has a meaning here; any other is refused rather than silently ignored. */
const PARAMETERS = new Set(['sslmode', 'sslrootcert', 'application_name', 'pgbouncer']);

/** Every mode that asks for TLS gets full verification; the ones that settle for less are refused. */
const VERIFIED = ['require', 'verify-ca', 'verify-full'];

/**
 * Reads a connection URL.
 * @param ca PEM to trust instead of the public CAs; Supabase's servers need its own CA. `sslrootcert` (a file) also works.
 * @throws Error that says what to change, and never shows the URL.
 */
export function readDatabaseUrl(text: string, ca?: string): DatabaseAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol) || !url.hostname || !url.username) {
    throw new Error(
      'must be of the form postgres://user:password@host:port/database (percent-encode special characters)',
    );
  }
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.has(name)) throw new Error(`has the parameter ${name}, which is not supported: remove it`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || 'postgres',
    ssl: readSsl(url, host, ca),
  };
}

function readSsl(url: URL, host: string, ca: string | undefined): DatabaseAddress['ssl'] {
  const mode = url.searchParams.get('sslmode') ?? (isLoopback(host) ? 'disable' : 'verify-full');
  if (mode === 'disable') {
    // One label is a name of a private container network, such as "db" in Docker Compose.
    if (isLoopback(host) || !/[.:]/.test(host)) return false;
    throw new Error('must not say sslmode=disable: the server is reached over a network');
  }
  if (!VERIFIED.includes(mode)) throw new Error('has an sslmode that does not verify the server: use verify-full');
  return { rejectUnauthorized: true, ca: ca ?? readRoot(url.searchParams.get('sslrootcert')) };
}

function readRoot(file: string | null): string | undefined {
  if (file === null) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Error('names an sslrootcert that cannot be read');
  }
}

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || /^127\./.test(host);
