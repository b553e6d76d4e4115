// The Supabase-compatible API of the local platform: @supabase/lite on the platform's own Postgres, in this process.
import { App, ConsoleEmailDriver } from '@supabase/lite';
import { createPostgresConnection } from '@supabase/lite/postgres';

/** What the API needs to know. */
export interface ApiOptions {
  /** URL of the database as the role of local/api-role.ts. */
  databaseUrl: string;
  /** Signs the access tokens (HS256). */
  jwtSecret: string;
  /** What a browser sends as `apikey`; without a session it stands for the role `anon`. */
  publishableKey: string;
  /** Origin of the dashboard; links in mails lead there. */
  siteUrl: string;
  /** Most rows an answer has; it is cut there without a word, as PostgREST does. Default: Supabase's, 1000. */
  maxRows?: number;
}

/** Handles requests to `/rest/v1` and `/auth/v1`. Mails are written to this process' output instead of being sent. */
export interface Api {
  fetch(request: Request): Promise<Response>;
}

/** Supabase's `statement_timeout` of the role `authenticated`: https://supabase.com/docs/guides/database/postgres/timeouts */
const STATEMENT_TIMEOUT_MS = 8000;

/** Connects at first use. */
export function createApi({ databaseUrl, jwtSecret, publishableKey, siteUrl, maxRows = 1000 }: ApiOptions): Api {
  const connection = createPostgresConnection({
    url: databaseUrl,
    postgresOptions: {
      max: 8,
      onnotice: () => {},
      connection: { statement_timeout: STATEMENT_TIMEOUT_MS },
      types: { json: jsonType(114), jsonb: jsonType(3802), bytea: BYTEA },
    },
  });
  // At its first request lite would grant every table to every API role. The migrations' own grants are the platform's
  // promise, so it is told that this is done already; its role could not do it anyway. See api.test.ts.
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
      drivers: { email: new ConsoleEmailDriver() },
    },
  });
  return { fetch: (request) => app.fetch(request) };
}

/**
 * SQLSTATEs of which lite keeps neither code nor hint (57014, P0002) or not the hint, with PostgREST's HTTP status:
 * https://docs.postgrest.org/en/v14/references/errors.html
 */
const STATUSES: Record<string, number> = { 57014: 500, P0002: 500, 23505: 409 };

/** As PostgREST answers. What was raised as `PGRST`, lite sends word for word: the error is put into that form. */
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

/** As PostgREST sends bytes: Postgres' own text, `\\x00ff`. The driver would give a Buffer, which is no JSON. */
const BYTEA = { to: 17, from: [17], serialize: String, parse: (text: string) => text };

/**
 * lite hands a function's JSON argument over as text already, and the driver would make a JSON string of it: what is the
 * text of an object or an array is sent as it is. @param oid of the type in Postgres' catalog.
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
