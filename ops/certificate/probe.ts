// Reads the certificate that a broker serves, as a verifying client sees it, and as a client that accepts anything to find the fault.
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
  /** Names and addresses for which it is valid. */
  names: string;
  validFrom: Date;
  validTo: Date;
  /** Why a verifying client refuses it; undefined if it does not. */
  refusedBecause: string | undefined;
}

const TIMEOUT_MS = 10_000;

/** Connects and reads the certificate. @throws Error if nothing answers with TLS there. */
export async function probe({ host, port, ca }: Pick<Broker, 'host' | 'port' | 'ca'>): Promise<Served> {
  // With an address there is no name to ask for (RFC 6066, section 3).
  const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
  // Accepts an invalid certificate, too: everything that is reported comes from the same handshake as a verifying client's.
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
    throw new Error(
      `${where} does not answer with TLS: ${error.message}. docs/runbooks/certificates.md explains the causes`,
    );
  });
}

const nameOf = ({ CN, O }: PeerCertificate['issuer']) => [CN, O].flat().filter(Boolean).join(', ');
