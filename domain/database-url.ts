// Reads a database's connection URL: the server's address, and how the connection is secured. TLS is either verified or, where
// nobody can listen, off. No message shows any part of a URL: what looks harmless may belong to a password that was not
// percent-encoded.

/** What a client needs to connect. */
export interface DatabaseAddress {
  host: string;
  port: number;
  user: string;
  /** Empty when the URL has none. */
  password: string;
  database: string;
  /** As node-postgres takes it; `ca` is PEM, and undefined trusts the public authorities. */
  ssl: { rejectUnauthorized: true; ca: string | undefined } | false;
}

/** Which certificate to trust. */
export interface Trust {
  /** PEM to trust instead of the public authorities, whatever the URL says; Supabase's servers need its own CA. */
  ca?: string | undefined;
  /** Reads the file that `sslrootcert` names. */
  readFile: (path: string) => string;
}

/** The supported parameters; any other is refused instead of silently ignored. */
const PARAMETERS = ['sslmode', 'sslrootcert', 'application_name', 'pgbouncer'];

/** Every mode that asks for TLS gets full verification; modes that accept less are refused. */
const VERIFIED = ['require', 'verify-ca', 'verify-full'];

const FORM = 'must be of the form postgres://user:password@host:port/database (percent-encode special characters)';

/**
 * Reads a connection URL.
 * @throws Error that says what to change; its message continues a sentence about the URL.
 */
export function readDatabaseUrl(text: string, trust: Trust): DatabaseAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // More than a name after the host, or a fragment, is the rest of a password that was not encoded.
  const isWhole = url && /^(\/[^/@]*)?$/.test(url.pathname) && url.hash === '';
  if (!isWhole || !['postgres:', 'postgresql:'].includes(url.protocol) || !url.hostname || !url.username) {
    throw new Error(FORM);
  }
  if ([...url.searchParams.keys()].some((name) => !PARAMETERS.includes(name))) {
    throw new Error(`has a parameter that is not supported: use only ${PARAMETERS.join(', ')}`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: Number(url.port || 5432),
    user: decode(url.username),
    password: decode(url.password),
    database: decode(url.pathname.slice(1)) || 'postgres',
    ssl: readSsl(url.searchParams, host, trust),
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error(FORM);
  }
}

function readSsl(parameters: URLSearchParams, host: string, { ca, readFile }: Trust): DatabaseAddress['ssl'] {
  const mode = parameters.get('sslmode') ?? (isLoopback(host) ? 'disable' : 'verify-full');
  if (mode === 'disable') {
    // A single label is a name in a private container network, such as "db" in Docker Compose.
    if (isLoopback(host) || !/[.:]/.test(host)) return false;
    throw new Error('must not say sslmode=disable: the server is reached over a network');
  }
  if (!VERIFIED.includes(mode)) throw new Error('has an sslmode that does not verify the server: use verify-full');
  const file = parameters.get('sslrootcert');
  if (ca !== undefined || file === null) return { rejectUnauthorized: true, ca };
  try {
    return { rejectUnauthorized: true, ca: readFile(file) };
  } catch {
    throw new Error('names an sslrootcert that cannot be read');
  }
}

/** True for a host that is this machine. */
export const isLoopback = (host: string) => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
