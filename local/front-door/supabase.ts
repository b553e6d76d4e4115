// The Supabase-compatible API of the local platform: @supabase/lite on the platform's own Postgres, in this process.
import { App, ConsoleEmailDriver } from '@supabase/lite';
import { createPostgresConnection } from '@supabase/lite/postgres';
import { letterDriver } from './letters.ts';

/** The settings of the API. */
export interface ApiOptions {
  /** URL of the database as the role of local/api-role.ts. */
  databaseUrl: string;
  /** Signs the access tokens (HS256). */
  jwtSecret: string;
  /** The `apikey` that a browser sends; without a session it gives the role `anon`. */
  publishableKey: string;
  /** Origin of the dashboard, the target of links in mails. */
  siteUrl: string;
  /** Maximum number of rows in an answer, which is cut there silently, as PostgREST does. Default: Supabase's, 1000. */
  maxRows?: number;
  /** Folder for letters. Default: they are written to this process's output, which is for this machine's own user alone. */
  letters?: string;
}

/** Handles requests to `/rest/v1` and `/auth/v1`. Nothing is mailed: see {@link ApiOptions.letters}. */
export interface Api {
  fetch(request: Request): Promise<Response>;
}

/** Supabase's `statement_timeout` of the role `authenticated`: https://supabase.com/docs/guides/database/postgres/timeouts */
const STATEMENT_TIMEOUT_MS = 8000;

/** Connects at first use. */
export function createApi(options: ApiOptions): Api {
  const { databaseUrl, jwtSecret, publishableKey, siteUrl, maxRows = 1000, letters } = options;
  const connection = createPostgresConnection({
    url: databaseUrl,
    postgresOptions: {
      max: 8,
      onnotice: () => {},
      connection: { statement_timeout: STATEMENT_TIMEOUT_MS },
      types: { json: jsonType(114), jsonb: jsonType(3802), bytea: BYTEA },
    },
  });
  // At its first request, lite would grant every table to every API role. The migrations' own grants are the platform's promise, so lite
  // is told that this is done already; its role could not do it anyway. See api.test.ts.
  Object.assign(connection, { rlsState: 'active' });
  const normalize = connection.normalizeDbError.bind(connection);
  connection.normalizeDbError = (error) => asPostgrest(normalize(error));
  const app = new App({
    connection,
    api: { schemas: ['public'], max_rows: maxRows },
    auth: {
      enabled: true,
      jwt_secret: jwtSecret,
      publishable_key: publishableKey,
      site_url: siteUrl,
      minimum_password_length: 12,
    },
    options: {
      server: { disableStudio: true, disableFallback: true, admin: false },
      drivers: { email: letters === undefined ? new ConsoleEmailDriver() : letterDriver(letters) },
    },
  });
  return { fetch: (request) => app.fetch(request) };
}

/**
 * SQLSTATEs for which lite loses code and hint (57014, P0002, 28000) or only the hint, with PostgREST's HTTP status, which is in the code itself
 * where it begins with PT:
 * https://docs.postgrest.org/en/v14/references/errors.html
 */
const STATUSES: Record<string, number> = { 57014: 500, P0002: 500, 23505: 409, 28000: 403, PT429: 429 };

/** Answers as PostgREST does. lite passes an error raised as `PGRST` on unchanged, so others are put into that form. */
function asPostgrest(error: unknown): unknown {
  const {
    code = '',
    message,
    detail,
    hint,
  } = error as Record<'code' | 'message' | 'detail' | 'hint', string | undefined>;
  const status = STATUSES[code];
  if (status === undefined) return error;
  const answer = { code, message, details: detail ?? null, hint: hint ?? null };
  return Object.assign(new Error(JSON.stringify(answer)), {
    code: 'PGRST',
    detail: JSON.stringify({ status, headers: {} }),
  });
}

/** As PostgREST sends bytes: Postgres' own text, `\\x00ff`. The driver would give a Buffer, which JSON cannot hold. */
const BYTEA = { to: 17, from: [17], serialize: String, parse: (text: string) => text };

/**
 * lite passes a function's JSON argument as text already, and the driver would make a JSON string of it: the text of an object or an
 * array is sent unchanged. @param oid of the type in Postgres' catalog.
 */
const jsonType = (oid: number) => ({
  to: oid,
  from: [oid],
  serialize: (value: unknown) => (isJsonText(value) ? value : JSON.stringify(value)),
  parse: (text: string) => JSON.parse(text),
});

function isJsonText(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
