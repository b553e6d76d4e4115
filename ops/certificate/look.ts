// What a broker serves, seen as a strict client sees it, and as one that takes anything in order to tell what is wrong.
import { once } from 'node:events';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { Broker } from '../target/target.ts';

/** The certificate that a broker serves. */
export interface Served {
  host: string;
  port: number;
  /** SHA-256 of it, as OpenSSL writes it. */
  fingerprint: string;
  issuer: string;
  /** Names and addresses it is for. */
  names: string;
  validFrom: Date;
  validTo: Date;
  /** Why a strict client refuses it; undefined when it does not. */
  refusedBecause: string | undefined;
}

const TIMEOUT_MS = 10_000;

/** Connects and looks. @throws Error when nothing answers with TLS there. */
export async function look({ host, port, ca }: Pick<Broker, 'host' | 'port' | 'ca'>): Promise<Served> {
  // With an address there is no name to ask for (RFC 6066, section 3).
  const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
  // Looked at even when it is wrong: what is said about it comes from the same handshake a strict client would make.
  const socket = connect({ host, port, ...servername, ...(ca && { ca }), rejectUnauthorized: false });
  try {
    await secured(socket, `${host}:${port}`);
    const { fingerprint256, issuer, subjectaltname = '', valid_from, valid_to } = socket.getPeerCertificate();
    return {
      host,
      port,
      fingerprint: fingerprint256,
      issuer: nameOf(issuer),
      names: subjectaltname,
      validFrom: new Date(valid_from),
      validTo: new Date(valid_to),
      refusedBecause: socket.authorized ? undefined : String(socket.authorizationError),
    };
  } finally {
    socket.destroy();
  }
}

async function secured(socket: TLSSocket, where: string): Promise<void> {
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
  await once(socket, 'secureConnect').catch((error: Error) => {
    throw new Error(`${where} does not answer with TLS: ${error.message}. docs/runbooks/certificates.md tells why`);
  });
}

const nameOf = ({ CN, O }: PeerCertificate['issuer']) => [CN, O].flat().filter(Boolean).join(', ');
