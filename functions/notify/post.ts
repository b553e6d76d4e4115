// One HTTPS request to a receiver that nobody trusts: to a judged address, with a bound on its time, and nothing of the answer but its status.
import { request } from 'node:https';
import type { Target } from './address.ts';

const MOST_HEADER_BYTES = 8_192;

/** What the connection needs beside its target. */
export interface PostOptions {
  headers: Record<string, string>;
  body: string;
  /** Ends the request, in whatever state it is. */
  signal: AbortSignal;
  /** Certificate authorities instead of the public ones. */
  ca: string | undefined;
}

/** The status of the answer, which is not followed and whose body is not read. @throws what went wrong on the way. */
export function post({ url, address, family }: Target, { headers, body, signal, ca }: PostOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'mqtt-saas', ...headers },
        // A connection of its own: a kept one would be to an address that was judged for somebody else.
        agent: false,
        lookup: (_host, options, done) =>
          options.all ? done(null, [{ address, family }]) : done(null, address, family),
        maxHeaderSize: MOST_HEADER_BYTES,
        signal,
        ...(ca === undefined ? {} : { ca }),
      },
      (response) => {
        resolve(response.statusCode ?? 0);
        response.on('error', () => {});
        response.destroy();
      },
    );
    sent.on('error', reject);
    // Without this an answer 101 would end the request with neither a response nor an error.
    sent.on('upgrade', (response, socket) => {
      resolve(response.statusCode ?? 0);
      socket.destroy();
    });
    sent.end(body);
  });
}
