// Whether a broker machine would be taken by a device: it opens the port, and shows a certificate that is good for a name.
import { connect } from 'node:tls';
import type { Environment, Role } from './environment.ts';

const PATIENCE_MS = 5_000;

/** Undefined when it would; otherwise why not. @param name that the certificate must be good for. */
export function whyNotServing(
  { machines, port, ca }: Pick<Environment, 'machines' | 'port' | 'ca'>,
  role: Role,
  name: string,
): Promise<string | undefined> {
  const { address } = machines[role];
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, ca, servername: name });
    const end = (why: string | undefined) => {
      socket.destroy();
      resolve(why);
    };
    socket.setTimeout(PATIENCE_MS, () => end(`${address}:${port} does not answer within ${PATIENCE_MS / 1000} s`));
    socket.once('secureConnect', () => end(undefined)).once('error', ({ message }) => end(message));
  });
}
