// What a request's body may weigh: nothing of the dashboard's is refused, and nothing larger is kept in memory.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { IMPORT, MAX_BODY_BYTES } from '../../domain/request-limits.ts';
import { serveLoopback } from './http.ts';

async function post(path: string, bytes: number): Promise<string> {
  const server = await serveLoopback(0, async (request) => new Response(`${(await request.arrayBuffer()).byteLength}`));
  onTestFinished(() => once(server.close(), 'close').then(() => {}));
  const { port } = server.address() as AddressInfo;
  // Port 0 was asked for, so the server answers as 127.0.0.1 without a port.
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method: 'POST', headers: { host: '127.0.0.1:0' } },
      async (answer) => {
        let text = `${answer.statusCode} `;
        for await (const chunk of answer) text += chunk;
        resolve(text);
      },
    ).on('error', reject);
    sent.end(Buffer.alloc(bytes, 'x'));
  });
}

test.each([
  ['an import of devices at its largest', IMPORT.path, IMPORT.bodyBytes, `200 ${IMPORT.bodyBytes}`],
  ['any other body at its largest', '/rest/v1/rpc/other', MAX_BODY_BYTES, `200 ${MAX_BODY_BYTES}`],
])('%s is taken, and a byte more is refused', async (_, path, most, taken) => {
  expect(await post(path, most)).toBe(taken);
  expect(await post(path, most + 1)).toBe('413 ');
});
