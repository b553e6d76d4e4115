// What a notification says: as data for a webhook, as text for people.

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

const SAYS: Record<string, string> = {
  opened: 'opened',
  resolved: 'resolved',
  escalated: 'still open',
  repeated: 'still open',
};

/** The message for people. @param dashboardUrl undefined: without a link. */
export function writeMessage(transition: string, content: Content, dashboardUrl: string | undefined): Message {
  const link = dashboardUrl === undefined ? [] : ['', `${dashboardUrl}/admin/alerts/`];
  const { tenant } = content;
  if (transition === 'test')
    return toMessage(`Test from ${tenant}`, [`This is a test of a notification channel of ${tenant}. It works.`]);
  if (transition === 'digest') {
    return toMessage(`${tenant}: ${content.opened} alerts opened, ${content.resolved} resolved`, [
      `From ${time(content.since)} to ${time(content.until)}:`,
      `${content.opened} opened, ${content.resolved} resolved. Open now: ${content.open}, of them nobody looks after ${content.unacknowledged}.`,
      '',
      ...(content.newest ?? []).map(
        (one) => `${alertLine(one)}${one.resolved_at ? ` (resolved ${time(one.resolved_at)})` : ''}`,
      ),
      ...link,
    ]);
  }
  return toMessage(`[${content.severity}] ${content.rule}: ${content.device} ${SAYS[transition] ?? transition}`, [
    alertLine(content),
    `Device: ${content.device_name} (${content.device}), of ${tenant}`,
    `Opened: ${time(content.opened_at)}`,
    ...(content.resolved_at ? [`Resolved: ${time(content.resolved_at)}`] : []),
    ...link,
  ]);
}

/**
 * The question whether an address wants a tenant's mails. It may go to a stranger: nothing in it is a text of the tenant's.
 * @param slug of the tenant. @param link where it is answered.
 */
export const writeConfirmation = (slug: string, link: string): Message =>
  toMessage('Confirm this address for alerts', [
    `The tenant "${slug}" of this platform wants to send its alerts to this address. Until you confirm, nothing else is sent.`,
    'To receive them, or to refuse them:',
    '',
    link,
  ]);

const alertLine = ({ severity, rule, device, message }: Omit<Content, 'tenant'>) =>
  `${severity}: ${rule}, ${device}: ${message}`;

const time = (text: string | null | undefined) => `${(text ?? '').slice(0, 19).replace('T', ' ')} UTC`;

/** What tenants name things must end no line: a header would end with it. */
const oneLine = (text: string) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();

const toMessage = (subject: string, lines: string[]): Message => ({
  subject: oneLine(subject).slice(0, 200),
  text: `${lines.map((line) => oneLine(line).slice(0, 500)).join('\n')}\n`,
});
