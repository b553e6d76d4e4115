// A TCP proxy between ingest and what it talks to, to take the network away piece by piece.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A running proxy on loopback. */
export interface TcpProxy {
  port: number;
  /** Refuses new connections and cuts the present ones. */
  cut(): void;
  /** Accepts connections again. */
  restore(): void;
  /** Leads connections that are made from now on to another loopback port. */
  lead(to: number): void;
  /** Swallows what the client sends from now on, while the server's bytes still arrive. */
  swallowUpstream(): void;
  /** Swallows what both send from now on, and closes nothing: as a network that loses every packet. New connections are accepted. */
  silence(): void;
  stop(): Promise<void>;
}

/**
 * Starts a proxy to a loopback port.
 * @param delayMs by how many milliseconds what the client sends is delayed: the time of a round trip.
 */
export async function startProxy(target: number, { delayMs = 0 } = {}): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let open = true;
  let leadsTo = target;
  let swallow = false;
  let silent = false;
  const server = createServer((client) => {
    if (!open) return client.destroy();
    const upstream = connect(leadsTo, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    const forward = (chunk: Buffer) => upstream.destroyed || upstream.write(chunk);
    client.on('data', (chunk) => {
      if (swallow || silent) return;
      if (delayMs > 0) setTimeout(forward, delayMs, chunk);
      else forward(chunk);
    });
    upstream.on('data', (chunk) => silent || client.write(chunk));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      open = false;
      cutAll();
    },
    restore: () => {
      open = true;
      swallow = false;
      silent = false;
    },
    lead: (to) => {
      leadsTo = to;
    },
    swallowUpstream: () => {
      swallow = true;
    },
    silence: () => {
      silent = true;
    },
    stop: async () => {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}
