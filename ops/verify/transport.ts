// Checks of the connection: TLS as strict clients see it, and nothing without TLS.
import { once } from 'node:events';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { generate } from 'mqtt-packet';
import { makeAuthority } from '../../lab/authority.ts';
import { type Check, fail } from './check.ts';
import { listeners } from './listeners.ts';
import type { VerifyTarget } from './target.ts';

const TIMEOUT_MS = 10_000;
const PLAINTEXT_PORT = 1883;

/** A client that verifies chain and host name gets a connection. */
export const strictTls: Check<{ target: VerifyTarget }> = {
  id: 'tls-strict',
  title: 'A client that verifies the certificate is accepted',
  run: async ({ target }) => {
    const socket = await handshake(target, {});
    const { valid_to } = socket.getPeerCertificate();
    const detail = `${socket.getProtocol()}, ${socket.getCipher().name}, certificate valid to ${valid_to}`;
    socket.destroy();
    return detail;
  },
};

/** A client that trusts another CA must refuse this broker: otherwise any certificate would do. */
export const wrongCa: Check<{ target: VerifyTarget }> = {
  id: 'tls-wrong-ca',
  title: 'A client that trusts another CA refuses the broker',
  run: async ({ target }) => {
    const { certificate } = await makeAuthority('some other CA');
    return refusedHandshake(target, { ca: certificate }, [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'SELF_SIGNED_CERT_IN_CHAIN',
    ]);
  },
};

/** A client that expects another host must refuse this broker. */
export const wrongHost: Check<{ target: VerifyTarget }> = {
  id: 'tls-wrong-host',
  title: 'A client that expects another host refuses the broker',
  run: ({ target }) => refusedHandshake(target, { servername: 'other.invalid' }, ['ERR_TLS_CERT_ALTNAME_INVALID']),
};

/** MQTT without TLS gets no answer on any listener; 1883 is never reachable from outside. */
export const noPlaintext: Check<{ target: VerifyTarget }> = {
  id: 'no-plaintext',
  title: 'No plaintext listener off loopback',
  run: async ({ target }) => {
    const seen = target.brokerPid ? await localListeners(target.brokerPid) : await remotePorts(target);
    for (const { label, host, port } of seen.filter(({ exposed }) => exposed)) {
      if (await answersPlaintext(host, port)) fail(`${label} answers MQTT without TLS`);
    }
    if (await answersPlaintext(target.host, target.port)) fail(`port ${target.port} answers MQTT without TLS`);
    return `checked ${seen.map(({ label }) => label).join(', ')}`;
  },
};

interface Listener {
  label: string;
  host: string;
  port: number;
  exposed: boolean;
}

async function localListeners(pid: number): Promise<Listener[]> {
  const found = await listeners(pid);
  if (found.length === 0) fail('the broker has no listening socket: its process has ended, or belongs to another user');
  return found.map(({ address, port, loopback }) => ({
    label: `${address}:${port}`,
    // A wildcard address is reached through loopback, too, so the test stays on this machine.
    host: '127.0.0.1',
    port,
    exposed: !loopback,
  }));
}

const remotePorts = async (target: VerifyTarget): Promise<Listener[]> => [
  { label: `port ${PLAINTEXT_PORT}`, host: target.host, port: PLAINTEXT_PORT, exposed: true },
];

async function handshake(target: VerifyTarget, options: { ca?: string; servername?: string }): Promise<TLSSocket> {
  const { host, port } = target;
  const ca = options.ca ?? target.ca;
  // An address is not a server name (RFC 6066); the certificate is then checked for the address itself.
  const servername = options.servername ?? (isIP(host) ? '' : host);
  const socket = connectTls({ host, port, servername, ...(ca && { ca }) });
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no TLS handshake within ${TIMEOUT_MS / 1000} s`)));
  await once(socket, 'secureConnect');
  return socket;
}

async function refusedHandshake(
  target: VerifyTarget,
  options: { ca?: string; servername?: string },
  codes: string[],
): Promise<string> {
  const outcome = await handshake(target, options).catch((error: NodeJS.ErrnoException) => error);
  if (!(outcome instanceof Error)) {
    outcome.destroy();
    return fail('the handshake succeeded, but must be refused');
  }
  if (!codes.includes(outcome.code ?? '')) fail(`refused for another reason: ${outcome.message}`);
  return outcome.code!;
}

/** Sends an MQTT CONNECT in plain text and waits for a CONNACK. */
async function answersPlaintext(host: string, port: number): Promise<boolean> {
  const socket = connectTcp(port, host);
  socket.setTimeout(3000, () => socket.destroy());
  const answered = new Promise<boolean>((resolve) => {
    socket.once('data', (data) => resolve(data[0] === 0x20));
    socket.once('close', () => resolve(false));
    socket.once('error', () => resolve(false));
  });
  socket.once('connect', () => {
    socket.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clientId: 'plain',
        clean: true,
        keepalive: 5,
      }),
    );
  });
  const result = await answered;
  socket.destroy();
  return result;
}
