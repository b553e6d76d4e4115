// Stands for Cloudflare's API, as far as a fail-over goes: finds the broker's record and changes it. What it has, the drill's own zone
// server answers.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Network } from './network.ts';

/** A running stand-in. */
export interface Cloudflare {
  url: string;
  token: string;
  /** Called before it answers a change: to end who asks in the middle of it. */
  onChange: (() => void) | undefined;
  stop(): Promise<void>;
}

const ZONE = 'zones/drill/dns_records';
const ID = 'the-record';

/** Starts it on loopback. */
export async function startCloudflare(network: Network, name: string): Promise<Cloudflare> {
  const token = 'may-edit-the-zone';
  const server = createServer(async (request, response) => {
    const reply = (result: unknown, status = 200) => {
      const errors = status === 200 ? [] : [{ message: String(result) }];
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ success: status === 200, errors, result }));
    };
    const url = new URL(request.url ?? '', 'http://cloudflare');
    const record = () => ({ id: ID, type: 'A', name, content: network.names.get(name), ttl: 60 });
    if (request.headers.authorization !== `Bearer ${token}`) return reply('Authentication error', 403);
    if (request.method === 'GET' && url.pathname === `/${ZONE}`)
      return reply(url.searchParams.get('name') === name && url.searchParams.get('type') === 'A' ? [record()] : []);
    if (request.method !== 'PATCH' || url.pathname !== `/${ZONE}/${ID}`) return reply('no such route', 404);
    const { content } = JSON.parse(Buffer.concat(await request.toArray()).toString());
    network.names.set(name, content);
    network.publish();
    standIn.onChange?.();
    return reply(record());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const standIn: Cloudflare = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    onChange: undefined,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return standIn;
}
