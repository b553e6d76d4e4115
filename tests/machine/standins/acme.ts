// A real ACME server for tests: Pebble, by the makers of Let's Encrypt.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pair } from '../../../lab/authority.ts';
import { startChild, stopChild } from '../../../lab/child.ts';
import { freePort } from '../../../lab/ports.ts';
import type { ChallengeDns } from './challenges.ts';

/** How to start an ACME server. */
export interface AcmeOptions {
  /** Required. Folder for its files. */
  folder: string;
  /** Required. Certificate and key of its own HTTPS address. */
  https: Pair;
  /** Required. Where it looks challenges up. */
  dns: ChallengeDns;
  /** Optional. Name in its address, which its certificate is for. Default: `localhost`. */
  host?: string;
  /** Optional. Address and port it listens on. Default: 127.0.0.1 and a free one. */
  address?: string;
  port?: number;
}

/** A running ACME server. */
export interface Acme {
  /** The directory's URL, for the client. */
  directory: string;
  /** PEM of the root of the certificates it issues: what a device of this world trusts. */
  root: string;
  /** Number of certificates that were ordered so far. */
  orders(): number;
  stop(): Promise<void>;
}

/** As Let's Encrypt's certificates. */
const LIFE_SECONDS = 90 * 86_400;
const START_TIMEOUT_MS = 10_000;

/** Starts it. Needs Debian's package `pebble`. @throws Error with what the server said when it does not start. */
export async function startAcme(options: AcmeOptions): Promise<Acme> {
  const { folder, https, dns, host = 'localhost', address = '127.0.0.1' } = options;
  const [port, management, unused] = [options.port ?? (await freePort()), await freePort(), await freePort()];
  const config = {
    listenAddress: `${address}:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: join(folder, 'acme.crt'),
    privateKey: join(folder, 'acme.key'),
    httpPort: unused,
    tlsPort: unused,
    certificateValidityPeriod: LIFE_SECONDS,
  };
  writeFileSync(config.certificate, https.certificate);
  writeFileSync(config.privateKey, https.key, { mode: 0o600 });
  writeFileSync(join(folder, 'acme.json'), JSON.stringify({ pebble: config }));

  // It looks challenges up at once, and again for every order; it refuses no valid nonce, as it does to test clients.
  const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0', PEBBLE_WFE_NONCEREJECT: '0' };
  const args = ['-config', join(folder, 'acme.json'), '-dnsserver', dns.server];
  const child = startChild('pebble', args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk) => {
      log += chunk;
    });
  }
  const stop = () => stopChild(child, 'SIGKILL');
  const root = await readRoot(management).catch(async (error: Error) => {
    await stop();
    throw new Error(`pebble did not start (${error.message}):\n${log}`);
  });
  const directory = `https://${host}:${port}/dir`;
  return { directory, root, orders: () => log.match(/Added order/g)?.length ?? 0, stop };
}

/** Asks the management interface until it answers. Its certificate is the ACME address's, so not for this one. */
async function readRoot(management: number): Promise<string> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      const request = get({ host: '127.0.0.1', port: management, path: '/roots/0', rejectUnauthorized: false });
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      return await text(answer);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}
