// Node's HTTP server for handlers that use the web's Request and Response: on loopback, or behind a proxy.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { mostBodyBytes } from '../../domain/request-limits.ts';

/** Listens on 127.0.0.1, and answers as that. */
export function serveLoopback(port: number, handle: (request: Request) => Promise<Response>): Promise<Server> {
  return serve(
    { address: '127.0.0.1', port, origins: [`http://127.0.0.1:${port}`, `http://localhost:${port}`] },
    handle,
  );
}

/** Where a server listens, and as what it answers. */
export interface Place {
  address: string;
  port: number;
  /** What browsers call it. */
  origins: string[];
}

/**
 * Starts listening.
 * Refuses requests for another host name: a page of a foreign site may have resolved its name to this address.
 */
export async function serve(place: Place, handle: (request: Request) => Promise<Response>): Promise<Server> {
  const origins = new Map(place.origins.map((origin) => [new URL(origin).host, origin]));
  const server = createServer(async (incoming, outgoing) => {
    try {
      const origin = origins.get(incoming.headers.host ?? '');
      if (origin === undefined) outgoing.writeHead(421).end(`This platform answers as ${place.origins[0]} only.\n`);
      else await send(await handle(await toRequest(incoming, origin)), outgoing);
    } catch (error) {
      // The browser has closed the connection.
      if (outgoing.destroyed) return;
      const status = error instanceof TooLarge ? 413 : 500;
      if (status === 500) console.error(error);
      if (!outgoing.headersSent) outgoing.writeHead(status);
      outgoing.end();
    }
  });
  server.listen(place.port, place.address);
  await once(server, 'listening');
  return server;
}

class TooLarge extends Error {}

async function toRequest(incoming: IncomingMessage, origin: string): Promise<Request> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  const method = incoming.method ?? 'GET';
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const url = new URL(`${origin}${incoming.url ?? '/'}`);
  return new Request(url, {
    method,
    headers,
    ...(hasBody && { body: new Uint8Array(await readBody(incoming, mostBodyBytes(url.pathname))) }),
  });
}

async function readBody(incoming: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) throw new TooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value);
  if (response.body === null) outgoing.end();
  else await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), outgoing);
}
