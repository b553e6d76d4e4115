// Receivers that mean harm: whatever one answers, or does not, the request ends, and the rest of a delivery with it.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { type ChatSecrets, sealSecrets } from '../../domain/sealed-secrets.ts';
import { issue, makeAuthority, type Pair } from '../../lab/authority.ts';
import { readNotifySettings } from '../settings/notify.ts';
import type { AddressRules } from './address.ts';
import { makeDeliverer, type Notification } from './deliver.ts';
import { post } from './post.ts';

let ca: Pair;
let certificate: { cert: string; key: string };
const servers: Server[] = [];
const sockets = new Set<Socket>();
beforeAll(async () => {
  ca = await makeAuthority('hostile');
  const issued = await issue(ca, ['localhost', 'rebound.example'], ['127.0.0.1']);
  certificate = { cert: issued.certificate, key: issued.key };
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

/** @returns its port. */
async function listen(server: Server): Promise<number> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** @returns what a tenant whose channel leads to this server is told. */
const deliverTo = async (server: Server, item?: Partial<Notification>) =>
  deliver(`localhost:${await listen(server)}`, item);

async function deliver(host: string, item: Partial<Notification> = {}, rules: Pick<AddressRules, 'resolve'> = {}) {
  const environment = { NOTIFY_KEY: '5e'.repeat(32), NOTIFY_CA: ca.certificate, NOTIFY_ALLOW_LOOPBACK: 'true' };
  const settings = { ...readNotifySettings(environment)!, ...rules };
  const deliverer = await makeDeliverer(settings);
  const secrets: ChatSecrets = { url: `https://${host}/`, key: 'k', header: 'apikey', group: 'g' };
  const whole: Notification = {
    id: 'id',
    lease: '',
    language: 'en',
    tenant_id: 'acme',
    channel_id: 'channel',
    alert_id: null,
    kind: 'chat',
    destination: host,
    sealed: await sealSecrets(secrets, deliverer.key, 'acme'),
    template: { text: '{{text}}' },
    transition: 'test',
    content: { tenant: 'Acme' },
    created_at: new Date(),
    ...item,
  };
  return deliverer.deliver(whole, 300);
}

/** Answers each request so. */
const answering = (answer: (socket: TLSSocket) => void) =>
  createTlsServer(certificate, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });

const LATE = { text: 'Not delivered: there was no answer in time.', final: false };

test.each<[string, string, string | undefined]>([
  [
    'changes the protocol',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    'the receiver answered 101',
  ],
  ['does not speak HTTP', '220 smtp\r\n', 'the connection failed (HPE_INVALID_CONSTANT)'],
  [
    'sends headers without end',
    `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(10_000)}`,
    'the connection failed (HPE_HEADER_OVERFLOW)',
  ],
  ['redirects', 'HTTP/1.1 308 x\r\nlocation: https://10.0.0.1/\r\n\r\n', 'the receiver redirects (308)'],
  ['sends a body without end', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\nxxx', undefined],
  ['answers twice', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 500 x\r\n\r\n', undefined],
])('one that %s', async (_, answer, text) => {
  const problem = await deliverTo(answering((socket) => socket.write(answer)));
  if (text) expect(problem).toEqual({ text: expect.stringContaining(text), final: false });
  else expect(problem).toBeUndefined();
});

test('one that never ends its handshake, or the first line, or its preliminary answers', async () => {
  expect(await deliverTo(createServer())).toEqual(LATE);
  const closed = Promise.withResolvers<void>();
  const trickling = answering((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const trickle = setInterval(() => socket.write('x: y\r\n'), 20);
    socket.on('close', () => {
      clearInterval(trickle);
      closed.resolve();
    });
  });
  expect(await deliverTo(trickling)).toEqual(LATE);
  await closed.promise;
  const early = answering((socket) => {
    const trickle = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 20);
    socket.on('close', () => clearInterval(trickle));
  });
  expect(await deliverTo(early)).toEqual(LATE);
});

test('a name is not looked up again: the connection goes to the address that was judged', async () => {
  const port = await listen(answering((socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n')));
  const target = { url: new URL(`https://rebound.example:${port}/`), address: '127.0.0.1', family: 4 } as const;
  const signal = AbortSignal.timeout(5_000);
  expect(await post(target, { headers: {}, body: '', signal, ca: ca.certificate })).toBe(204);
});

test('a name server that never answers', async () => {
  expect(await deliver('hooks.example.com', {}, { resolve: () => new Promise(() => {}) })).toEqual(LATE);
});

test('a template that multiplies a digest is not sent', async () => {
  let requests = 0;
  const counting = () =>
    answering((socket) => {
      requests++;
      socket.end('HTTP/1.1 204 No Content\r\n\r\n');
    });
  const newest = Array(20).fill({ alert_id: 'a', rule: 'r'.repeat(200), device: 'd', message: 'm'.repeat(400) });
  const digest = { transition: 'digest', content: { tenant: 'Acme', newest } };
  expect(await deliverTo(counting(), { ...digest, template: { text: '{{text}}'.repeat(500) } })).toEqual({
    text: 'Refused: with its template the message is larger than 256 KiB.',
    final: true,
  });
  expect(await deliverTo(counting(), digest)).toBeUndefined();
  expect(requests).toBe(1);
});
