// The DNS that an ACME server looks challenges up in: Pebble's challenge test server, told over its management interface.
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, stopChild } from '../../../lab/child.ts';
import { freePort } from '../../../lab/ports.ts';

/** Where challenges are published and looked up. */
export interface ChallengeDns {
  /** Address and port that the ACME server asks. */
  server: string;
  /** Publishes a TXT record; a name may have several. */
  setTxt(name: string, value: string): Promise<void>;
  /** Withdraws all TXT records of a name. */
  clearTxt(name: string): Promise<void>;
}

const START_TIMEOUT_MS = 10_000;

/** The challenge test server that listens there already. */
export function challengeDns(server: string, management: string): ChallengeDns {
  const post = async (path: string, body: object) => {
    const { ok, status } = await fetch(`${management}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!ok) throw new Error(`the DNS stand-in answered ${status} to ${path}`);
  };
  return {
    server,
    setTxt: (name, value) => post('set-txt', { host: `${name}.`, value }),
    clearTxt: (name) => post('clear-txt', { host: `${name}.` }),
  };
}

/** Starts one on loopback. Needs Debian's package `pebble`. */
export async function startChallengeDns(): Promise<ChallengeDns & { stop(): Promise<void> }> {
  const [dns, management] = [await freePort(), await freePort()];
  const addresses = ['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${management}`];
  const closed = ['-http01', '', '-https01', '', '-tlsalpn01', ''];
  const child = startChild('pebble-challtestsrv', [...addresses, ...closed], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${management}`;
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; await sleep(50)) {
    if (await fetch(url).catch(() => undefined)) break;
    if (Date.now() > deadline) throw new Error('pebble-challtestsrv did not start');
  }
  return { ...challengeDns(`127.0.0.1:${dns}`, url), stop: () => stopChild(child, 'SIGKILL') };
}
