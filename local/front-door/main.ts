// The local platform's front door, a process of its own: one origin for the dashboard, its Pages Functions and the API, as the browser's
// same-origin rules and the sign-in service require. Its settings come from the environment.
import { readFileSync } from 'node:fs';
import { serveArchived } from './archived.ts';
import { serveLoopback } from './http.ts';
import { callPagesFunction } from './pages-functions.ts';
import { Site } from './site.ts';
import { createApi } from './supabase.ts';

const need = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};

const port = Number(need('FRONT_DOOR_PORT'));
const site = new Site(need('FRONT_DOOR_SITE'));
const api = createApi({
  databaseUrl: need('FRONT_DOOR_DATABASE_URL'),
  jwtSecret: need('FRONT_DOOR_JWT_SECRET'),
  publishableKey: need('SUPABASE_PUBLISHABLE_KEY'),
  siteUrl: `http://127.0.0.1:${port}`,
  maxRows: Number(process.env.FRONT_DOOR_MAX_ROWS ?? 1000),
});
const bindings = {
  SUPABASE_PUBLISHABLE_KEY: need('SUPABASE_PUBLISHABLE_KEY'),
  BROKER_HOST: need('BROKER_HOST'),
  BROKER_PORT: need('BROKER_PORT'),
  BROKER_CA: readFileSync(need('BROKER_CA_FILE'), 'utf8'),
  SENDS_MAIL: 'no',
  SECOND_FACTOR: 'no',
  ...(process.env.QUESTIONS_URL && { QUESTIONS_URL: process.env.QUESTIONS_URL }),
  ENVIRONMENT: 'local',
};

const { ARCHIVE_STORE: archive, ARCHIVE_LINK_KEY: linkKey } = process.env;

const server = await serveLoopback(port, async (request) => {
  const { pathname } = new URL(request.url);
  if (/^\/(rest|auth)\/v1(\/|$)/.test(pathname)) return api.fetch(request);
  if (pathname.startsWith('/archive/') && archive && linkKey) return serveArchived(request, archive, linkKey);
  return (await callPagesFunction(pathname, request, bindings)) ?? site.serve(request, pathname);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
