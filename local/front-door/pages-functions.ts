// The dashboard's Pages Functions, called as Pages calls them: the file's path is the route.
import * as caPem from '../../apps/dashboard/functions/api/ca.pem.ts';
import * as config from '../../apps/dashboard/functions/api/config.ts';
import * as health from '../../apps/dashboard/functions/api/health.ts';
import * as questions from '../../apps/dashboard/functions/api/questions.ts';
import type { Bindings, Context } from '../../apps/dashboard/functions/context.ts';

type Handler = (context: Context) => Response | Promise<Response>;

const ROUTES = new Map<string, { onRequestGet?: Handler; onRequestPost?: Handler }>([
  ['/api/ca.pem', caPem],
  ['/api/config', config],
  ['/api/health', health],
  ['/api/questions', questions],
]);

/** The answer of the function for a path; undefined if there is none. */
export function callPagesFunction(path: string, request: Request, env: Bindings): Promise<Response> | undefined {
  const route = ROUTES.get(path);
  if (route === undefined) return undefined;
  const { onRequestGet: get, onRequestPost: post } = route;
  const handler = request.method === 'GET' ? get : request.method === 'POST' ? post : undefined;
  if (!handler) return Promise.resolve(new Response(null, { status: 405, headers: { allow: get ? 'GET' : 'POST' } }));
  return Promise.resolve(handler({ request, env }));
}
