// What notifications are sent to: an HTTPS server and a mail server on this machine, with certificates that the platform's sender trusts.
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { issue, type Pair } from '../../lab/authority.ts';
import { type Mailbox, startMailbox } from '../auth/mailbox.ts';

/** What the platform's sender is started with. */
export interface Receiving {
  authority: Pair;
  /** Free when the platform was started. */
  smtpPort: number;
}

/** In the environment of the platform. */
export const senderSettings = ({ authority, smtpPort }: Receiving): Record<string, string> => ({
  NOTIFY_CA: authority.certificate,
  NOTIFY_SMTP_URL: `smtp://localhost:${smtpPort}`,
  NOTIFY_FROM: 'alerts@platform.example',
});

/** One request. */
export interface Received {
  headers: IncomingHttpHeaders;
  path: string;
  body: string;
}

export interface Receivers {
  /** Of the HTTPS server. */
  url: string;
  requests: Received[];
  mailbox: Mailbox;
  /** The status that the HTTPS server answers. */
  answer: number;
  stop(): Promise<void>;
}

/** Starts both on loopback. */
export async function startReceivers({ authority, smtpPort }: Receiving): Promise<Receivers> {
  const pair = await issue(authority, ['localhost'], ['127.0.0.1']);
  const mailbox = await startMailbox({ port: smtpPort, tls: pair });
  const https = createServer({ cert: pair.certificate, key: pair.key }, async (request, response) => {
    receivers.requests.push({ headers: request.headers, path: request.url ?? '', body: await text(request) });
    response.writeHead(receivers.answer).end();
  });
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  const receivers: Receivers = {
    url: `https://localhost:${(https.address() as AddressInfo).port}`,
    requests: [],
    mailbox,
    answer: 204,
    stop: async () => {
      https.closeAllConnections();
      await Promise.all([new Promise((done) => https.close(done)), mailbox.stop()]);
    },
  };
  return receivers;
}
