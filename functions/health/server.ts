// Serves the pages from a worker.
import { createServer, type RequestListener } from 'node:http';
import type { Pages } from './pages.ts';

/**
 * Starts listening.
 * @param metrics path of the metrics; undefined: there are none.
 * @param address default: loopback.
 * @param others by path: what else a worker answers for.
 * @throws Error if the port is taken.
 */
export async function servePages(
  pages: Pages,
  port: number,
  metrics: string | undefined,
  address = '127.0.0.1',
  others: Readonly<Record<string, RequestListener>> = {},
): Promise<{ stop(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    const path = request.url?.split('?')[0]?.slice(1) ?? '';
    const other = Object.hasOwn(others, path) ? others[path] : undefined;
    if (other) {
      other(request, response);
      return;
    }
    const answer =
      path === 'api/health' ? pages.health() : metrics !== undefined && path === metrics ? pages.metrics() : undefined;
    if (!answer || request.method !== 'GET') {
      response.writeHead(answer ? 405 : 404).end();
      return;
    }
    await answer.then(
      ({ status, headers, body }) => response.writeHead(status, headers).end(body),
      // A page's fault must not end the worker.
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, address, resolve);
  });
  return {
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await pages.close();
    },
  };
}
