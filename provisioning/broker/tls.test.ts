// What TLS the broker speaks, asked by a client that can offer what no modern one would. A refusal counts only because the
// same client, with the same offer, gets through to a server that takes everything.
import { type ChildProcess, execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChild, stopChild } from '../../lab/child.ts';
import { type Mosquitto, startMosquitto } from '../../lab/mosquitto.ts';
import { freePort, isPortFree } from '../../lab/ports.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';

const dir = makeScratchDir();
let broker: Mosquitto;
let lenient: ChildProcess;
let lenientPort: number;

beforeAll(async () => {
  broker = await startMosquitto({ dir, port: await freePort(), registry: [] });
  lenientPort = await freePort();
  const { certificateFile, keyFile } = broker.certificates;
  const files = ['-cert', certificateFile, '-key', keyFile];
  const options = ['-accept', `127.0.0.1:${lenientPort}`, '-cipher', 'ALL:eNULL:@SECLEVEL=0', '-quiet'];
  lenient = startChild('openssl', ['s_server', ...files, ...options], { stdio: 'ignore' });
  while (await isPortFree(lenientPort)) await sleep(20);
});
afterAll(async () => {
  await stopChild(lenient, 'SIGKILL');
  await broker.stop();
  rmSync(dir, { recursive: true });
});

/** Ends with what OpenSSL says of the handshake. */
function handshake(port: number, offer: string): Promise<{ code: number; said: string }> {
  const verify = `-brief -verify_return_error -servername localhost -CAfile ${broker.certificates.caFile}`;
  const args = `s_client ${verify} ${offer} -connect 127.0.0.1:${port}`.split(' ');
  return new Promise((resolve) => {
    const child = execFile('openssl', args, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
    );
    child.stdin?.end();
  });
}

describe('the broker', () => {
  it.each([
    ['TLS 1.2', '-tls1_2', 'TLSv1.2'],
    ['TLS 1.3', '-tls1_3', 'TLSv1.3'],
  ])('speaks %s', async (_, offer, version) => {
    const { code, said } = await handshake(broker.port, offer);
    expect(code, said).toBe(0);
    expect(said).toContain(`Protocol version: ${version}`);
    expect(said).toContain('Verification: OK');
  });

  it.each([
    ['TLS 1.0', '-tls1 -cipher ALL:@SECLEVEL=0', /alert protocol version/],
    ['TLS 1.1', '-tls1_1 -cipher ALL:@SECLEVEL=0', /alert protocol version/],
    ['CBC with SHA-1', '-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0', /alert handshake failure/],
    ['CBC with SHA-256', '-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0', /alert handshake failure/],
    ['CBC with SHA-384', '-tls1_2 -cipher ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0', /alert handshake failure/],
    ['no encryption', '-tls1_2 -cipher ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0', /alert handshake failure/],
  ])('refuses %s', async (_, offer, refusal) => {
    const twin = await handshake(lenientPort, offer);
    expect(twin.code, `this client cannot even offer it: ${twin.said}`).toBe(0);
    const { code, said } = await handshake(broker.port, offer);
    expect(said).toMatch(refusal);
    expect(code).not.toBe(0);
  });
});
