// Node's HTTP server on loopback, for handlers that use the web's Request and Response.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Largest request body, in bytes: the dashboard's own are a few kilobytes. */
const MAX_BODY = 1_000_000;

/**
 * Listens on 127.0.0.1.
 * Refuses requests for another host name: a page of a foreign site may have resolved its name to this address.
 */
export async function serveLoopback(port: number, handle: (request: Request) => Promise<Response>): Promise<Server> {
  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  const server = createServer(async (incoming, outgoing) => {
    try {
      const host = incoming.headers.host ?? '';
      if (!hosts.has(host)) outgoing.writeHead(421).end('This is a local platform; it answers on 127.0.0.1 only.\n');
      else await send(await handle(await toRequest(incoming, host)), outgoing);
    } catch (error) {
      // The browser has closed the connection.
      if (outgoing.destroyed) return;
      const status = error instanceof TooLarge ? 413 : 500;
      if (status === 500) console.error(error);
      if (!outgoing.headersSent) outgoing.writeHead(status);
      outgoing.end();
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

class TooLarge extends Error {}

async function toRequest(incoming: IncomingMessage, host: string): Promise<Request> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  const method = incoming.method ?? 'GET';
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return new Request(`http://${host}${incoming.url ?? '/'}`, {
    method,
    headers,
    ...(hasBody && { body: new Uint8Array(await readBody(incoming)) }),
  });
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new TooLarge();
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
