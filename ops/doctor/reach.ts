// Checks what can be reached without an account: the domain's name servers, the database and its certificate, the auth service.

import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as secure } from 'node:tls';
import { type StackConfig, setCommand } from '../../stacks/configuration/parse.ts';
import { CLOSE_SIGN_UPS, judgeAuth } from '../auth-service.ts';
import { type Check, type Finding, failed, ok, unknown, warning } from './finding.ts';

const TIMEOUT_MS = 10_000;
/** The first message to a Postgres server for a TLS connection ("SSLRequest" in its protocol). */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
/** Answers that mean "there is no such name"; any other error concerns the connection to the name server. */
const NO_SUCH_NAME = new Set(['ENODATA', 'ENOTFOUND']);

/** @param servers name servers to ask, `address:port`. Default: the system's. */
export const reachChecks = (config: StackConfig, servers?: string[]): Check[] => [
  ...(config.domain ? [{ name: 'DNS zone', run: () => zone(config.domain as string, servers) }] : []),
  { name: 'database', run: () => database(config) },
  ...(config.supabasePublishableKey ? [{ name: 'auth service', run: () => authService(config) }] : []),
];

/** Looks upwards from the domain for the name servers that answer for it. */
async function zone(domain: string, servers?: string[]): Promise<Finding> {
  const check = 'DNS zone';
  const resolver = new Resolver({ timeout: 3000, tries: 2 });
  if (servers) resolver.setServers(servers);
  const labels = domain.split('.');
  for (let i = 0; i < labels.length - 1; i++) {
    const name = labels.slice(i).join('.');
    try {
      const found = await resolver.resolveNs(name);
      if (found.every((server) => server.toLowerCase().endsWith('.ns.cloudflare.com'))) {
        return ok(check, `${name} is at Cloudflare`);
      }
      const remedy = `add ${name} to Cloudflare and give its registrar the two name servers shown there`;
      return failed(check, `the name servers of ${name} are ${found[0]}, not Cloudflare's`, remedy);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!NO_SUCH_NAME.has(code)) return unknown(check, `no name server answers (${code})`);
    }
  }
  return failed(check, `${domain} has no name servers`, 'register the domain, or correct mqtt-saas:domain');
}

/** Connects as the functions do, up to the point where the server would ask for a password. */
async function database(config: StackConfig): Promise<Finding> {
  const { databaseHost: host, databasePort: port, databaseCa: ca, environment } = config;
  const check = 'database';
  const where = `${host}:${port}`;
  const socket = connect({ host, port });
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
  try {
    await once(socket, 'connect');
    socket.write(SSL_REQUEST);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (answer.toString('latin1') !== 'S') {
      const remedy = 'switch TLS on, or correct mqtt-saas:databaseHost and databasePort';
      return failed(check, `${where} does not speak TLS`, remedy);
    }
    const session = secure({ socket, servername: host, ...(ca && { ca }), rejectUnauthorized: false });
    await once(session, 'secureConnect');
    if (session.authorized) return ok(check, `${where} answers, and its certificate is valid`);
    const remedy = `give its CA: ${setCommand('databaseCa', environment)} (Supabase's is in its dashboard, under Database, SSL)`;
    return failed(check, `the certificate of ${where} is not trusted (${session.authorizationError})`, remedy);
  } catch (error) {
    let { code = (error as Error).message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND' && !(await hasNameServer(host))) code = 'no name server answers';
    // Without a network, nothing is known about the host.
    if (['EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'ETIMEDOUT', 'no name server answers'].includes(code))
      return unknown(check, `${where}: ${code}`);
    return failed(
      check,
      `${where} cannot be reached (${code})`,
      'is it the pooler’s address, and is the project running?',
    );
  } finally {
    socket.destroy();
  }
}

/** Who can create an account, and where mailed links end. */
async function authService(config: StackConfig): Promise<Finding> {
  const { supabaseUrl, databaseProjectRef, supabasePublishableKey: publishableKey = '' } = config;
  const { domain, cloudflareZoneId } = config;
  const check = 'auth service';
  const place = { supabaseUrl: supabaseUrl ?? `https://${databaseProjectRef}.supabase.co`, publishableKey };
  try {
    const { problems, isOpen } = await judgeAuth(
      place,
      domain && cloudflareZoneId ? `https://dashboard.${domain}` : undefined,
    );
    if (problems.length > 0) {
      const [seen, remedy] = (['seen', 'remedy'] as const).map((part) => problems.map((one) => one[part]).join('; '));
      return failed(check, seen as string, remedy);
    }
    if (isOpen) return warning(check, 'anyone can create an account', CLOSE_SIGN_UPS);
    return ok(check, 'sign-ups are closed, addresses are confirmed');
  } catch (error) {
    return unknown(check, (error as Error).message);
  }
}

/** False if no name server can be reached: the system reports both cases the same way. */
async function hasNameServer(host: string): Promise<boolean> {
  try {
    await new Resolver({ timeout: 3000, tries: 1 }).resolve4(host);
    return true;
  } catch (error) {
    return NO_SUCH_NAME.has((error as NodeJS.ErrnoException).code ?? '');
  }
}
