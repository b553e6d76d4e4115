// GET /api/health: whether this site can reach what it depends on.
import { type Context, PLAIN_HEADERS, supabaseUrl } from '../context.ts';

const TIMEOUT_MS = 5_000;

/** 200 when all is well, 503 when not; either way JSON that names each dependency. */
export async function onRequestGet(context: Context): Promise<Response> {
  const api = await reach(`${supabaseUrl(context)}/auth/v1/health`, context);
  const rest = await reach(`${supabaseUrl(context)}/rest/v1/tenants?select=id&limit=0`, context);
  const ok = api === 'ok' && rest === 'ok';
  return Response.json(
    { status: ok ? 'ok' : 'degraded', dependencies: { auth: api, rest } },
    { status: ok ? 200 : 503, headers: PLAIN_HEADERS },
  );
}

/**
 * `ok`, or in a few words why not. A refusal because there is no session counts as `ok`: the database gave it. The API
 * answers in JSON; anything else is not the API.
 */
async function reach(url: string, { env }: Context): Promise<string> {
  try {
    const { status, headers } = await fetch(url, {
      headers: { apikey: env.SUPABASE_PUBLISHABLE_KEY ?? '' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (status >= 500) return `answers ${status}`;
    return headers.get('content-type')?.includes('json') ? 'ok' : 'something else answers there';
  } catch (error) {
    return (error as Error).name === 'TimeoutError' ? `no answer within ${TIMEOUT_MS / 1000} s` : 'not reached';
  }
}
