// The dashboard's Pages Functions, called as Pages calls them: the file's path is the route.
import * as caPem from '../../apps/dashboard/functions/api/ca.pem.ts';
import * as config from '../../apps/dashboard/functions/api/config.ts';
import * as health from '../../apps/dashboard/functions/api/health.ts';
import type { Bindings, Context } from '../../apps/dashboard/functions/context.ts';

const ROUTES = new Map<string, { onRequestGet(context: Context): Response | Promise<Response> }>([
  ['/api/ca.pem', caPem],
  ['/api/config', config],
  ['/api/health', health],
]);

/** The answer of the function for a path; undefined if there is none. */
export function callPagesFunction(path: string, request: Request, env: Bindings): Promise<Response> | undefined {
  const route = ROUTES.get(path);
  if (route === undefined) return undefined;
  if (request.method !== 'GET') return Promise.resolve(new Response(null, { status: 405, headers: { allow: 'GET' } }));
  return Promise.resolve(route.onRequestGet({ request, env }));
}
