// The front door, a process of its own: one origin for the dashboard, its Pages Functions and the API, as the browser's same-origin
// rules and the sign-in service require. On premises there are two, one with the site and one with the API, behind a proxy. Its settings
// come from the environment, or from the files that it names: NAME_FILE.
import { readFileSync } from 'node:fs';
import { serveArchived } from './archived.ts';
import { serve, serveLoopback } from './http.ts';
import { callPagesFunction } from './pages-functions.ts';
import { Site } from './site.ts';
import { createApi } from './supabase.ts';

const want = (name: string): string | undefined => {
  const file = process.env[`${name}_FILE`];
  return process.env[name] || (file ? readFileSync(file, 'utf8').trim() : undefined);
};
const need = (name: string): string => {
  const value = want(name);
  if (!value) throw new Error(`${name} is not set`);
  return value;
};

const port = Number(need('FRONT_DOOR_PORT'));
const origin = want('FRONT_DOOR_ORIGIN');
/** What other containers call it. */
const inside = want('FRONT_DOOR_INSIDE');
const databaseUrl = want('FRONT_DOOR_DATABASE_URL');
const folder = want('FRONT_DOOR_SITE');
const publishableKey = need('SUPABASE_PUBLISHABLE_KEY');

// On premises QUESTIONS_URL is always set, and QUESTIONS_PROVIDER is empty until the operator names one: nobody can ask then.
const questionsUrl = process.env.QUESTIONS_PROVIDER === '' ? undefined : want('QUESTIONS_URL');
const site = folder === undefined ? undefined : new Site(folder);
const api =
  databaseUrl === undefined
    ? undefined
    : createApi({
        databaseUrl,
        jwtSecret: need('FRONT_DOOR_JWT_SECRET'),
        publishableKey,
        siteUrl: origin ?? `http://127.0.0.1:${port}`,
        maxRows: Number(want('FRONT_DOOR_MAX_ROWS') ?? 1000),
        letters: want('FRONT_DOOR_LETTERS'),
      });
const bindings = {
  SUPABASE_PUBLISHABLE_KEY: publishableKey,
  BROKER_HOST: want('BROKER_HOST'),
  BROKER_PORT: want('BROKER_PORT'),
  BROKER_CA: want('BROKER_CA'),
  SENDS_MAIL: 'no',
  SECOND_FACTOR: 'no',
  ...(questionsUrl && { QUESTIONS_URL: questionsUrl }),
  ENVIRONMENT: want('ENVIRONMENT') ?? 'local',
};
const [archive, linkKey] = [want('ARCHIVE_STORE'), want('ARCHIVE_LINK_KEY')];

const answer = async (request: Request): Promise<Response> => {
  const { pathname } = new URL(request.url);
  const none = new Response(null, { status: 404 });
  if (/^\/(rest|auth)\/v1(\/|$)/.test(pathname)) return api?.fetch(request) ?? none;
  if (pathname.startsWith('/archive/') && archive && linkKey) return serveArchived(request, archive, linkKey);
  return (site && ((await callPagesFunction(pathname, request, bindings)) ?? site.serve(request, pathname))) ?? none;
};
const server = await (origin === undefined
  ? serveLoopback(port, answer)
  : serve({ address: need('FRONT_DOOR_ADDRESS'), port, origins: [origin, ...(inside ? [inside] : [])] }, answer));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
