// Mails through the platform's mail server, always over TLS. Azure lets nothing out on port 25.
import type { NotifySettings } from '../settings/notify.ts';
import type { Message } from './message.ts';

const TIMEOUT_MS = 10_000;
/** At once; the others wait. */
const CONNECTIONS = 4;

/** The mail server refused this mail or its address permanently. */
export class MailRefused extends Error {
  override name = 'MailRefused';
}

/** Sends mails until it is closed. */
export interface Mailer {
  /** @param id of the notification: a repeat has the same Message-ID. @throws MailRefused; or another error when trying again may help. */
  send(id: string, to: string, message: Message): Promise<void>;
  close(): void;
}

/** Connects at the first mail. */
export async function openMailer(
  { smtpUrl, password, from }: NonNullable<NotifySettings['mail']>,
  ca: string | undefined,
): Promise<Mailer> {
  // A platform without mail does not load it.
  const { createTransport } = await import('nodemailer');
  const url = new URL(smtpUrl);
  const isImplicit = url.protocol === 'smtps:';
  const transport = createTransport({
    host: url.hostname,
    port: Number(url.port || (isImplicit ? 465 : 587)),
    secure: isImplicit,
    requireTLS: true,
    ...(url.username === ''
      ? {}
      : { auth: { user: decodeURIComponent(url.username), pass: password ?? decodeURIComponent(url.password) } }),
    ...(ca === undefined ? {} : { tls: { ca } }),
    pool: true,
    maxConnections: CONNECTIONS,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async (id, to, { subject, text }) => {
      try {
        await transport.sendMail({
          // As parts, never as a text to be read: nothing in an address is syntax.
          from: { name: '', address: from },
          to: { name: '', address: to },
          envelope: { from, to: [to] },
          messageId: `<${id}@${from.split('@')[1]}>`,
          headers: { 'auto-submitted': 'auto-generated' },
          subject,
          text,
        });
      } catch (error) {
        const { code, responseCode = 0 } = error as { code?: string; responseCode?: number };
        if (responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE'))
          throw new MailRefused(`the mail server refused it with code ${responseCode}`);
        throw error;
      }
    },
    close: () => transport.close(),
  };
}
