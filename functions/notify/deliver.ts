// Delivers one notification by its channel's kind.
import { createHmac, hkdfSync } from 'node:crypto';
import { once } from 'node:events';
import type * as z from 'zod';
import type { Language } from '../../domain/languages.ts';
import { NotOpened, type OpeningKey, openingKey, openSecrets } from '../../domain/sealed-secrets.ts';
import type { NotifySettings } from '../settings/notify.ts';
import { AddressRefused, checkUrl, findTarget, NameNotFound } from './address.ts';
import { type Mailer, MailRefused, openMailer } from './mail.ts';
import { type Content, writeConfirmation, writeMessage } from './message.ts';
import { post } from './post.ts';
import { chatSecrets, fillTemplate, keyHeader, signWebhook, webhookSecrets } from './webhook.ts';
import { say } from './words.ts';

/** A notification, as `ingest.claim_notifications` gives it. */
export interface Notification {
  id: string;
  lease: string;
  tenant_id: string;
  channel_id: string;
  alert_id: string | null;
  kind: 'email' | 'webhook' | 'chat';
  destination: string;
  sealed: string | null;
  template: unknown;
  language: Language;
  transition: string;
  content: Content;
  created_at: Date;
}

/** Why a delivery failed, in words for people of the tenant. */
export interface Problem {
  text: string;
  /** No other attempt would help. */
  final: boolean;
}

/** What delivers: keys, mail server and rules of this process. */
export interface Deliverer {
  /** The key to seal for. */
  key: OpeningKey;
  mailFrom: string | undefined;
  /** The token by which the reader of a channel's mails confirms or refuses them: of the channel and the platform's key. */
  tokenOf(channelId: string): string;
  /** One attempt. Undefined: it was delivered. Never throws. */
  deliver(notification: Notification, timeoutMs: number): Promise<Problem | undefined>;
  close(): void;
}

/** A template can repeat the message many times. */
const MOST_BODY_BYTES = 262_144;

/** Prepares it. */
export async function makeDeliverer(settings: NotifySettings): Promise<Deliverer> {
  const { seeds, mail, dashboardUrl, ca } = settings;
  const keys = await Promise.all(seeds.map(openingKey));
  const tokenKey = Buffer.from(hkdfSync('sha256', seeds[0] as Uint8Array, '', 'channel tokens', 32));
  const tokenOf = (channelId: string) => createHmac('sha256', tokenKey).update(channelId).digest('base64url');
  const mailer: Mailer | undefined = mail && (await openMailer(mail, ca));

  async function request(item: Notification, signal: AbortSignal): Promise<void> {
    const opened = await openSecrets(item.sealed ?? '', keys, item.tenant_id);
    const message = writeMessage(item.transition, item.content, dashboardUrl, item.language);
    const { url, headers, body } =
      item.kind === 'webhook' ? toWebhook(item, opened) : toChat(item, opened, message.text);
    if (Buffer.byteLength(body) > MOST_BODY_BYTES)
      throw new TooLarge('with its template the message is larger than 256 KiB');
    const checked = checkUrl(url, settings);
    if (checked.host !== item.destination) throw new AddressRefused(`its URL does not lead to ${item.destination}`);
    const target = await findTarget(checked, settings);
    const status = await post(target, { headers, body, ca, signal });
    if (status >= 300 && status < 400) throw new Answered(`the receiver redirects (${status}), which is not followed`);
    if (status < 200 || status >= 300) throw new Answered(`the receiver answered ${status}`);
  }

  async function sendMail(item: Notification): Promise<void> {
    if (!mailer) throw new MailRefused('this platform sends no mail: its operator has configured no mail server');
    const link = `${dashboardUrl}/notifications/#token=${tokenOf(item.channel_id)}`;
    if (item.transition === 'confirmation')
      return mailer.send(item.id, item.destination, writeConfirmation(item.content.tenant, link, item.language));
    const { subject, text } = writeMessage(item.transition, item.content, dashboardUrl, item.language);
    const body = `${text}\n${say(item.language, 'To receive no more of these mails: {link}', { link })}\n`;
    return mailer.send(item.id, item.destination, { subject, text: body });
  }

  return {
    key: keys[0] as OpeningKey,
    mailFrom: mail?.from,
    tokenOf,
    deliver: async (item, timeoutMs) => {
      const signal = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
      // Whatever a name server, a receiver or the mail server does, nothing waits longer.
      const late = once(signal, 'abort').then(() => Promise.reject(signal.reason));
      try {
        await Promise.race([item.kind === 'email' ? sendMail(item) : request(item, signal), late]);
        return undefined;
      } catch (error) {
        return problemOf(error);
      }
    },
    close: () => mailer?.close(),
  };
}

/** An answer that is not a success. */
class Answered extends Error {}

/** More than a receiver is sent. */
class TooLarge extends Error {}

function toWebhook(item: Notification, opened: unknown) {
  const { url, secret } = check(webhookSecrets, opened);
  const type =
    item.transition === 'digest' || item.transition === 'test' ? item.transition : `alert.${item.transition}`;
  const { alert_id, content, created_at } = item;
  const data = alert_id === null ? content : { alert_id, ...content };
  const body = JSON.stringify({ type, timestamp: created_at.toISOString(), data });
  return { url, body, headers: signWebhook(item.id, Math.floor(Date.now() / 1000), body, secret) };
}

function toChat(item: Notification, opened: unknown, text: string) {
  const secrets = check(chatSecrets, opened);
  const body = JSON.stringify(fillTemplate(item.template, { text, group: secrets.group, id: item.id }));
  return { url: secrets.url, body, headers: { 'idempotency-key': item.id, ...keyHeader(secrets) } };
}

function check<T extends z.ZodType>(schema: T, opened: unknown): z.output<T> {
  const parsed = schema.safeParse(opened);
  if (!parsed.success) throw new NotOpened('they are not what this kind of channel needs');
  return parsed.data;
}

/** Nothing of a URL, and nothing that the receiver says. */
function problemOf(error: unknown): Problem {
  if (error instanceof NotOpened)
    return { text: `The channel's secrets cannot be used: ${error.message}. Enter them again.`, final: true };
  if (error instanceof AddressRefused || error instanceof TooLarge)
    return { text: `Refused: ${error.message}.`, final: true };
  if (error instanceof MailRefused) return { text: `Not sent: ${error.message}.`, final: true };
  if (error instanceof Answered || error instanceof NameNotFound)
    return { text: `Not delivered: ${error.message}.`, final: false };
  const { name, code } = error as { name: string; code?: string };
  const why =
    name === 'TimeoutError' || name === 'AbortError'
      ? 'there was no answer in time'
      : `the connection failed (${code ?? name})`;
  return { text: `Not delivered: ${why}.`, final: false };
}
