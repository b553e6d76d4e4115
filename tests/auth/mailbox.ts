// A mail server that keeps what it is sent over SMTP: by the auth service, by alerts.
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import type { Pair } from '../../lab/authority.ts';

export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
}

export interface Mailbox {
  port: number;
  /** All mails so far, oldest first. */
  received: readonly Mail[];
  /** The newest mail to an address, which is then read: waits for one. @throws Error after ten seconds. */
  take(to: string): Promise<Mail>;
  /** How many mails an address has had. */
  count(to: string): number;
  stop(): Promise<void>;
}

const TIMEOUT_MS = 10_000;

/** Where it listens, and how. */
export interface MailboxOptions {
  /** On loopback. Default: a free one. */
  port?: number;
  /** What STARTTLS shows. Default: there is no TLS. */
  tls?: Pair;
}

/** Takes mails of every sender. */
export async function startMailbox({ port = 0, tls }: MailboxOptions = {}): Promise<Mailbox> {
  const received: Mail[] = [];
  const unread: Mail[] = [];
  const counts = new Map<string, number>();
  const waiting = new Set<() => void>();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: tls ? ['AUTH'] : ['STARTTLS', 'AUTH'],
    ...(tls && { cert: tls.certificate, key: tls.key }),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        const { subject = '', text = '', html = '' } = await PostalMime.parse(Buffer.concat(chunks));
        for (const { address } of session.envelope.rcptTo) {
          const mail = { to: address, subject, text, html };
          received.push(mail);
          unread.push(mail);
          counts.set(address, (counts.get(address) ?? 0) + 1);
        }
        for (const look of waiting) look();
        done();
      });
    },
  });
  server.listen(port, '127.0.0.1');
  const inner = server.server as Server;
  await once(inner, 'listening');
  return {
    port: (inner.address() as AddressInfo).port,
    received,
    take: (to) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const n = unread.findLastIndex((mail) => mail.to === to);
          if (n < 0) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(unread.splice(n, 1)[0] as Mail);
        };
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`no mail to ${to} within ${TIMEOUT_MS / 1000} s`));
        }, TIMEOUT_MS);
        waiting.add(look);
        look();
      }),
    count: (to) => counts.get(to) ?? 0,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The one link in a mail. */
export function linkIn({ html }: Mail): string {
  const [, href] = /href="([^"]+)"/.exec(html) ?? [];
  if (href === undefined) throw new Error(`no link in ${JSON.stringify(html)}`);
  return href.replaceAll('&amp;', '&');
}

/** The one code in a mail. */
export function codeIn({ html }: Mail): string {
  const [code] = /\b\d{6}\b/.exec(html) ?? [];
  if (code === undefined) throw new Error(`no code in ${JSON.stringify(html)}`);
  return code;
}
