// A provider of language models on loopback. It speaks OpenAI's chat completions as far as the functions use them
// (https://platform.openai.com/docs/api-reference/chat/create and /chat/object): POST /v1/chat/completions with a bearer key; the answer has
// `choices[0].message.content` and `usage` with `prompt_tokens` and `completion_tokens`; errors are 4xx and 5xx with `{error: {message}}`.
// Its tokens are made up: one for four bytes, which real tokenizers come near to. What it answers is up to the test.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface ModelRequest {
  model: string;
  messages: { role: string; content: string }[];
  max_tokens: number;
  headers: Record<string, unknown>;
}

/** Answers one request. */
export type Behaviour = (request: ModelRequest, response: ServerResponse) => void;

/** A running one. */
export interface ModelServer {
  /** Base, with `/v1`. */
  url: string;
  requests: ModelRequest[];
  /** Tokens that it has worked on, whether or not its answer was taken. */
  tokens: number;
  behave(behaviour: Behaviour): void;
  stop(): Promise<void>;
}

/** What a well-behaved one answers. */
export const say =
  (text: string | ((request: ModelRequest) => string), usage?: object | null): Behaviour =>
  (request, response) => {
    const content = typeof text === 'string' ? text : text(request);
    const body = {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_790_000_000,
      model: request.model,
      choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, finish_reason: 'stop' }],
      ...(usage !== null && { usage: usage ?? usageOf(request, content) }),
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

/** An error of the provider. */
export const fail =
  (status: number): Behaviour =>
  (request, response) => {
    const error = { message: `no, and your key was ${request.headers.authorization}` };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
  };

export function usageOf({ messages, max_tokens }: ModelRequest, content: string) {
  const prompt_tokens =
    Math.ceil(messages.reduce((sum, message) => sum + Buffer.byteLength(message.content), 0) / 4) + 8;
  const completion_tokens = Math.min(max_tokens, Math.ceil(Buffer.byteLength(content) / 4));
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

/** Starts it. */
export async function startModelServer(): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  let behaviour: Behaviour = say('Because it was hot.');
  const server = createServer(async (incoming, response) => {
    let body = '';
    for await (const chunk of incoming) body += chunk;
    if (incoming.url !== '/v1/chat/completions' || incoming.method !== 'POST') return response.writeHead(404).end();
    const request: ModelRequest = { ...JSON.parse(body), headers: incoming.headers };
    requests.push(request);
    const { total_tokens } = usageOf(request, 'x'.repeat(1600));
    modelServer.tokens += total_tokens;
    return behaviour(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const modelServer: ModelServer = {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    tokens: 0,
    behave: (next) => {
      behaviour = next;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return modelServer;
}
