// What a notification says: as data for a webhook, as text for people.
import type { Language } from '../../domain/languages.ts';
import { isWords, say, sayAlert, type Words } from './words.ts';

/** A notification's content, as the database writes it; which members there are depends on the transition. */
export interface Content {
  tenant: string;
  rule?: string;
  severity?: string;
  device?: string;
  device_name?: string;
  message?: string;
  value?: number | null;
  opened_at?: string;
  resolved_at?: string | null;
  /** Of a digest. */
  since?: string;
  until?: string;
  opened?: number;
  resolved?: number;
  open?: number;
  unacknowledged?: number;
  newest?: (Omit<Content, 'tenant'> & { alert_id: string })[];
}

/** A subject of one line, and lines of text. */
export interface Message {
  subject: string;
  text: string;
}

/** What became of the alert. */
const SAYS: Record<string, Words> = {
  opened: 'opened',
  resolved: 'resolved',
  escalated: 'still open',
  repeated: 'still open',
};

/** The message for people. @param dashboardUrl undefined: without a link. */
export function writeMessage(
  transition: string,
  content: Content,
  dashboardUrl: string | undefined,
  language: Language,
): Message {
  const link = dashboardUrl === undefined ? [] : ['', `${dashboardUrl}/admin/alerts/`];
  const { tenant, rule, device, since, until, opened, resolved, open, unacknowledged } = content;
  const t = (words: Words, values?: Parameters<typeof say>[2]) => say(language, words, values);
  if (transition === 'test')
    return toMessage(t('Test from {tenant}', { tenant }), [
      t('This is a test of a notification channel of {tenant}. It works.', { tenant }),
    ]);
  if (transition === 'digest') {
    return toMessage(t('{tenant}: {opened} alerts opened, {resolved} resolved', { tenant, opened, resolved }), [
      t('From {since} to {until}:', { since: time(since), until: time(until) }),
      t('{opened} opened, {resolved} resolved. Open now: {open}, of them nobody looks after {unacknowledged}.', {
        opened,
        resolved,
        open,
        unacknowledged,
      }),
      '',
      ...(content.newest ?? []).map((one) => {
        const line = alertLine(one, language);
        return one.resolved_at ? t('{line} (resolved {time})', { line, time: time(one.resolved_at) }) : line;
      }),
      ...link,
    ]);
  }
  const severity = severityIn(language, content.severity);
  const says = SAYS[transition] ? t(SAYS[transition]) : transition;
  return toMessage(t('[{severity}] {rule}: {device} {says}', { severity, rule, device, says }), [
    alertLine(content, language),
    t('Device: {name} ({device}), of {tenant}', { name: content.device_name, device, tenant }),
    t('Opened: {time}', { time: time(content.opened_at) }),
    ...(content.resolved_at ? [t('Resolved: {time}', { time: time(content.resolved_at) })] : []),
    ...link,
  ]);
}

/**
 * The question whether an address wants a tenant's mails. It may go to a stranger: nothing in it is a text of the tenant's.
 * @param slug of the tenant. @param link where it is answered.
 */
export const writeConfirmation = (slug: string, link: string, language: Language): Message =>
  toMessage(say(language, 'Confirm this address for alerts'), [
    say(
      language,
      'The tenant "{slug}" of this platform wants to send its alerts to this address. Until you confirm, nothing else is sent.',
      { slug },
    ),
    say(language, 'To receive them, or to refuse them:'),
    '',
    link,
  ]);

const severityIn = (language: Language, severity = '') => (isWords(severity) ? say(language, severity) : severity);

const alertLine = ({ severity, rule, device, message = '' }: Omit<Content, 'tenant'>, language: Language) =>
  `${severityIn(language, severity)}: ${rule}, ${device}: ${sayAlert(language, message)}`;

const time = (text: string | null | undefined) => `${(text ?? '').slice(0, 19).replace('T', ' ')} UTC`;

/** What tenants name things must end no line: a header would end with it. */
const oneLine = (text: string) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();

const toMessage = (subject: string, lines: string[]): Message => ({
  subject: oneLine(subject).slice(0, 200),
  text: `${lines.map((line) => oneLine(line).slice(0, 500)).join('\n')}\n`,
});
