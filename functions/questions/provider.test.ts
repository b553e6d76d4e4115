// Whatever a provider does: an answer of bounded size within its time, or words that hold nothing of its key.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../lab/ports.ts';
import { type Behaviour, fail, type ModelServer, say, startModelServer } from '../../tests/support/model-server.ts';
import { makeProvider, Trouble } from './provider.ts';

const KEY = 'sk-very-secret';
let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer();
});
afterAll(() => server.stop());

const MESSAGES = [{ role: 'user' as const, content: 'hello' }];
const complete = (behaviour: Behaviour, url = server.url, ms = 300) => {
  server.behave(behaviour);
  return makeProvider({ url, key: KEY })('small', MESSAGES, AbortSignal.timeout(ms));
};
async function troubleOf(behaviour: Behaviour, url?: string): Promise<Trouble> {
  const error = await complete(behaviour, url).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Trouble);
  expect(JSON.stringify(error) + (error as Trouble).stack).not.toContain(KEY);
  return error as Trouble;
}

const raw =
  (body: string): Behaviour =>
  (_, response) =>
    void response.writeHead(200).end(body);

test('an answer, with what the provider counts', async () => {
  expect(await complete(say('Hot.'), server.url, 10_000)).toMatchObject({ text: 'Hot.', tokensIn: 10, tokensOut: 1 });
  const { model, messages, max_tokens, headers } = server.requests.at(-1)!;
  expect({ model, messages, max_tokens }).toEqual({ model: 'small', messages: MESSAGES, max_tokens: 400 });
  expect(headers.authorization).toBe(`Bearer ${KEY}`);
});

test.each([429, 401, 403, 404])('%s cost nothing', async (status) => {
  expect((await troubleOf(fail(status))).mayCost).toBe(false);
});

test.each([400, 408, 422, 500, 502, 503, 529])('%s may have cost something', async (status) => {
  expect((await troubleOf(fail(status))).mayCost).toBe(true);
});

test('nobody listens: it cost nothing', async () => {
  expect((await troubleOf(say(''), `http://127.0.0.1:${await freePort()}/v1`)).mayCost).toBe(false);
});

const MISCHIEF: Record<string, Behaviour> = {
  'no answer': () => {},
  'headers and nothing more': (_, response) => void response.writeHead(200).flushHeaders(),
  'a body that never ends': (_, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(' '), 5);
    response.on('close', () => clearInterval(timer));
  },
  'a giant body': (_, response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(' '.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  },
  'a connection that breaks': (_, response) => void response.socket?.destroy(),
  'a body that breaks': (_, response) => {
    response.writeHead(200, { 'content-length': 1000 }).write('{');
    setTimeout(() => response.socket?.destroy(), 10);
  },
  'no JSON': raw('<html>'),
  'another address': (_, response) => void response.writeHead(307, { location: `${server.url}/elsewhere` }).end(),
};
test.each(Object.entries(MISCHIEF))('%s: it ends, and may have cost something', async (_, behaviour) => {
  expect((await troubleOf(behaviour)).mayCost).toBe(true);
});

test('a giant body is cut off before its time is over', async () => {
  expect((await troubleOf(MISCHIEF['a giant body']!)).message).toBe('The provider sent more than an answer.');
});

test.each([
  ['null', 'null'],
  ['a list', '[]'],
  ['no choices', '{"choices":[]}'],
  ['choices that are not a list', '{"choices":{"0":{"message":{"content":"x"}}}}'],
  ['a call of a tool', '{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"fetch"}}]}}]}'],
  ['content in parts', '{"choices":[{"message":{"content":[{"type":"text","text":"x"}]}}],"usage":[]}'],
])('%s: no text, and no count', async (_, body) => {
  expect(await complete(raw(body))).toEqual({ text: '', tokensIn: undefined, tokensOut: undefined });
});

test.each([
  { prompt_tokens: 0, completion_tokens: -5 },
  { prompt_tokens: '10', completion_tokens: 1.5 },
  { prompt_tokens: 1e300, completion_tokens: null },
  'many',
])('wrong usage: %j', async (usage) => {
  expect(await complete(say('x', usage as object))).toMatchObject({ tokensIn: undefined, tokensOut: undefined });
});
