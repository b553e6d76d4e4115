// The settings of notifications: the key that opens channels' secrets, the mail server, and where the dashboard is. No key: the platform
// notifies nobody. No mail server: it sends no mail.
import * as z from 'zod';
import { MAIL_ADDRESS } from '../../domain/mail-address.ts';
import { type Environment, pem, read, reading } from './environment.ts';

/** The settings. */
export interface NotifySettings {
  /** Of 32 bytes: the platform's key for the secrets of channels, and the former one. */
  seeds: Uint8Array<ArrayBuffer>[];
  /** Undefined: there is no mail. */
  mail: { smtpUrl: string; password: string | undefined; from: string } | undefined;
  /** Without a slash at the end. */
  dashboardUrl: string | undefined;
  /** Hosts of the platform's own, to which no channel leads. */
  ownHosts: string[];
  /** Certificate authorities to trust instead of the public ones, PEM; for tests and a mail server of one's own. */
  ca: string | undefined;
  /** Channels may lead to this machine, on any port: on a developer's machine and in tests. */
  allowLoopback: boolean;
}

const seed = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits: `openssl rand -hex 32`')
  .transform((hex) => Uint8Array.from(hex.match(/../g) as string[], (byte) => Number.parseInt(byte, 16)))
  .optional();

const FIELDS = {
  NOTIFY_KEY: seed,
  NOTIFY_PREVIOUS_KEY: seed,
  NOTIFY_SMTP_URL: z.string().transform(reading(checkSmtpUrl)).optional(),
  NOTIFY_SMTP_PASSWORD: z.string().optional(),
  NOTIFY_FROM: z.string().regex(MAIL_ADDRESS, 'must be a mail address').optional(),
  NOTIFY_DASHBOARD_URL: z
    .url('must be a URL')
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  NOTIFY_OWN_HOSTS: z
    .string()
    .regex(/^[a-z0-9.-]+(,[a-z0-9.-]+)*$/, 'must be host names, with commas between them')
    .optional(),
  NOTIFY_CA: pem,
  NOTIFY_ALLOW_LOOPBACK: z.enum(['true', 'false'], 'must be true or false').default('false'),
};

/** Reads them; undefined without NOTIFY_KEY. @throws SettingsError listing every bad setting at once. */
export function readNotifySettings(environment: Environment = process.env): NotifySettings | undefined {
  const values = read(FIELDS, environment, problemsBetween);
  const { NOTIFY_KEY: key, NOTIFY_PREVIOUS_KEY: previous, NOTIFY_SMTP_URL: smtpUrl, NOTIFY_FROM: from } = values;
  if (!key) return undefined;
  return {
    seeds: previous ? [key, previous] : [key],
    mail: smtpUrl && from ? { smtpUrl, password: values.NOTIFY_SMTP_PASSWORD, from } : undefined,
    dashboardUrl: values.NOTIFY_DASHBOARD_URL,
    ownHosts: values.NOTIFY_OWN_HOSTS?.split(',') ?? [],
    ca: values.NOTIFY_CA,
    allowLoopback: values.NOTIFY_ALLOW_LOOPBACK === 'true',
  };
}

/** A mail without a sender, or with a confirmation that leads nowhere, is of no use. */
function problemsBetween({ NOTIFY_SMTP_URL, NOTIFY_FROM, NOTIFY_DASHBOARD_URL }: Environment): string[] {
  if (!NOTIFY_SMTP_URL) return [];
  return [
    ...(NOTIFY_FROM ? [] : ['NOTIFY_FROM is missing: set the address that mails come from']),
    ...(NOTIFY_DASHBOARD_URL ? [] : ['NOTIFY_DASHBOARD_URL is missing: set the address to which confirmations lead']),
  ];
}

function checkSmtpUrl(text: string): string {
  const url = URL.parse(text);
  if (!url || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '')
    throw new Error('must be smtps://USER@HOST:465, or smtp://USER@HOST:587 for STARTTLS');
  if (url.port === '25') throw new Error('must not use port 25, which Azure blocks: use 465 or 587');
  return text;
}
