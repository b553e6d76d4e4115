// What a broker serves to a client that verifies it.
import { once } from 'node:events';
import { connect } from 'node:tls';

/** A broker on loopback, and who may vouch for it. */
export interface Served {
  port: number;
  /** Name that its certificate must be valid for. */
  host: string;
  /** PEM of the CA that is trusted, and no other. */
  ca: string | Buffer;
}

/** The certificate, PEM. @throws Error when a strict client would refuse it. */
export async function servedCertificate({ port, host, ca }: Served): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, servername: host, ca });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  return `${certificate}`.trim();
}
