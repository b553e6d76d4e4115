// What the doctor reaches over the network, against the test's own servers, which answer as the real ones do.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ensureCertificates } from '../../lab/certificates.ts';
import type { StackConfig } from '../../stacks/configuration/parse.ts';
import { reachChecks } from './reach.ts';

describe('the database', () => {
  const look = async (config: Partial<StackConfig>) => {
    const [check] = reachChecks({ environment: 'dev', databaseHost: 'localhost', ...config } as StackConfig);
    return check?.run();
  };

  /** A server that answers SSLRequest as Postgres does. */
  async function listen(answer: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      socket.once('data', () => answer(socket));
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return (server.address() as { port: number }).port;
  }

  it('with a certificate of the given CA, or of another one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { caFile, certificateFile, keyFile } = await ensureCertificates(folder);
    const [cert, key, ca] = [certificateFile, keyFile, caFile].map((file) => readFileSync(file, 'utf8'));
    const databasePort = await listen((socket) => {
      socket.write('S');
      new TLSSocket(socket, { isServer: true, cert, key }).on('error', () => {});
    });
    expect(await look({ databasePort, databaseCa: ca })).toMatchObject({ mark: 'ok' });
    expect(await look({ databasePort })).toMatchObject({
      mark: 'failed',
      remedy: expect.stringContaining('pulumi config set mqtt-saas:databaseCa --stack dev -- "$(cat database-ca.crt)"'),
    });
  });

  it('without TLS, and unreachable', async () => {
    const databasePort = await listen((socket) => socket.write('N'));
    expect(await look({ databasePort })).toMatchObject({
      mark: 'failed',
      seen: expect.stringContaining('does not speak TLS'),
    });
    expect(await look({ databasePort: 1 })).toMatchObject({
      mark: 'failed',
      seen: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('the DNS zone', () => {
  /** A name server that knows these NS records; every other name does not exist. */
  async function nameServer(known: Record<string, string>): Promise<string> {
    const socket = createSocket('udp4');
    socket.on('message', (query, from) => {
      const labels: string[] = [];
      let at = 12;
      for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
        labels.push(query.toString('latin1', at + 1, at + 1 + length));
        at += length + 1;
      }
      const question = query.subarray(12, at + 5);
      const target = known[labels.join('.')];
      const head = Buffer.from(query.subarray(0, 12));
      // Response, no error or NXDOMAIN; one question; the answers; nothing more (RFC 1035, section 4.1.1).
      head.writeUInt16BE(target ? 0x8180 : 0x8183, 2);
      head.fill(0, 4);
      head[5] = 1;
      head[7] = target ? 1 : 0;
      const name = Buffer.concat([
        ...(target ?? '').split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
        Buffer.alloc(1),
      ]);
      const record = Buffer.concat([Buffer.from([0xc0, 12, 0, 2, 0, 1, 0, 0, 0, 60, 0, name.length]), name]);
      socket.send(Buffer.concat([head, question, ...(target ? [record] : [])]), from.port, from.address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    onTestFinished(() => void socket.close());
    return `127.0.0.1:${socket.address().port}`;
  }

  const look = async (server: string) => {
    const [check] = reachChecks({ domain: 'telemetry.contoso.com' } as StackConfig, [server]);
    return check?.run();
  };

  it('at Cloudflare, elsewhere, nowhere', async () => {
    const cloudflare = await nameServer({ 'contoso.com': 'ada.ns.cloudflare.com' });
    expect(await look(cloudflare)).toMatchObject({ mark: 'ok', seen: 'contoso.com is at Cloudflare' });
    expect(await look(await nameServer({ 'contoso.com': 'ns1.registrar.com' }))).toMatchObject({
      mark: 'failed',
      seen: expect.stringContaining('ns1.registrar.com'),
    });
    expect(await look(await nameServer({}))).toMatchObject({ mark: 'failed' });
  });

  it('is unknown if no name server answers', async () => {
    expect(await look('127.0.0.1:1')).toMatchObject({ mark: 'unknown' });
  });
});
