// One origin for the running platform's dashboard and API, with the stand-in of the auth service in the place of the local
// one. To the browser it is the same platform.

import { freePort } from '../../lab/ports.ts';
import { serveLoopback } from '../../local/front-door/http.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { type Mailbox, startMailbox } from './mailbox.ts';
import { AuthService } from './service.ts';

export interface AuthFront {
  /** Origin of the dashboard. */
  url: string;
  auth: AuthService;
  mailbox: Mailbox;
  /** As Supabase's own, for administrators. */
  secretKey: string;
  stop(): Promise<void>;
}

/** The running platform. */
export interface Behind {
  url: string;
  databaseUrl: string;
  jwtSecret: string;
}

/**
 * @param behind Default: none, there is the auth service alone.
 * @param siteUrl where mailed links end, given the address here. Default: here, as it should be.
 */
export async function startAuthFront(behind?: Behind, siteUrl = (url: string) => url): Promise<AuthFront> {
  const mailbox = await startMailbox();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const secretKey = 'sb_secret_stand-in';
  const auth = new AuthService({
    siteUrl: siteUrl(url),
    externalUrl: `${url}/auth/v1`,
    jwtSecret: behind?.jwtSecret ?? 'nobody else reads its tokens',
    secretKey,
    smtpPort: mailbox.port,
    store: async (sql, values = []) => {
      if (behind) await withConnection(behind.databaseUrl, (client) => client.query(sql, values));
    },
  });
  const server = await serveLoopback(port, async (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname.startsWith('/auth/v1/')) return auth.handle(request);
    if (pathname === '/api/config') {
      const said = behind ? await (await fetch(`${behind.url}/api/config`)).json() : { publishableKey: 'stand-in' };
      return Response.json({ ...(said as object), supabaseUrl: url, sendsMail: true, hasSecondFactor: true });
    }
    if (!behind) return new Response(null, { status: 404 });
    const headers = new Headers(request.headers);
    headers.delete('host');
    headers.delete('accept-encoding');
    const body = request.method === 'GET' || request.method === 'HEAD' ? null : await request.arrayBuffer();
    const answer = await fetch(behind.url + pathname + search, {
      method: request.method,
      headers,
      body,
      redirect: 'manual',
    });
    return withoutEncoding(answer);
  });
  return {
    url,
    auth,
    mailbox,
    secretKey,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await mailbox.stop();
    },
  };
}

/** fetch() has decoded the body already. */
function withoutEncoding({ body, status, headers: sent }: Response): Response {
  const headers = new Headers(sent);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding', 'connection']) headers.delete(name);
  return new Response(body, { status, headers });
}
