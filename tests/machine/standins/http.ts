// What the stand-ins have in common: a reply, a list of what they were asked, and how they refuse.
import type { IncomingMessage, RequestListener } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** An answer. Default status: 200. */
export interface Reply {
  status?: number;
  headers?: Record<string, string | number>;
  body?: string | Buffer;
}

/** A request, with its address taken apart and its body read. */
export interface Asked {
  method: string;
  url: URL;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** Answers one service's requests. Throws {@link Refusal} for what the real service would not have understood. */
export type Service = (asked: Asked) => Reply | Promise<Reply>;

/** What a machine must never ask. It gets the status; the reason goes to the journal, which a check reads. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** What all stand-ins were asked, in order. */
export interface Journal {
  /** Method, address without the query, and status. Never a header or a body: they hold tokens. */
  requests: { method: string; host: string; path: string; status: number }[];
  /** Each refused request and why. */
  refused: string[];
}

/** Serves `serviceOf(host)`; an unknown host is refused. */
export function listener(journal: Journal, serviceOf: (host: string) => Service | undefined): RequestListener {
  return async (request, response) => {
    const host = request.headers.host ?? '';
    const url = new URL(request.url ?? '/', `http://${host}`);
    const method = request.method ?? '';
    const reply = await answer(request, { method, url, headers: request.headers }).catch((error: unknown): Reply => {
      if (!(error instanceof Refusal)) throw error;
      journal.refused.push(`${method} ${host}${url.pathname}: ${error.message}`);
      return { status: error.status, body: error.message };
    });
    const { status = 200, headers, body } = reply;
    journal.requests.push({ method, host, path: url.pathname, status });
    response.writeHead(status, { Connection: 'close', ...headers }).end(body);

    async function answer(message: IncomingMessage, asked: Omit<Asked, 'body'>): Promise<Reply> {
      const service = serviceOf(host);
      if (!service) throw new Refusal(421, 'nobody answers for this host');
      return service({ ...asked, body: await buffer(message) });
    }
  };
}
