// Channels, routes and notifications in words, and what is still missing from a draft.

import { isTag, MAX_TAGS, TAG_RULE } from '../../../../domain/tags.ts';
import { locale } from '../../language/language.ts';
import { foreign, type PlainMessage, t } from '../../language/translate.ts';
import type { Tone } from '../../ui/notice.tsx';
import type { Severity } from '../alerts/rules.ts';
import type { Channel, ChannelDraft, ChannelKind } from './channels.ts';
import type { Notification, NotificationCounts } from './outbox.ts';
import type { RouteDraft } from './routes.ts';

export const KIND_NAMES: Record<ChannelKind, PlainMessage> = {
  email: 'E-mail',
  webhook: 'Webhook',
  chat: 'Chat gateway',
};

/** What a channel does now. */
export function channelState({ enabled, confirmed_at, refused_at }: Channel): { word: string; tone: Tone } {
  if (refused_at) return { word: t('Refused by its reader'), tone: 'danger' };
  if (!confirmed_at) return { word: t('Waits for confirmation'), tone: 'warn' };
  return enabled ? { word: t('Ready'), tone: 'ok' } : { word: t('Off'), tone: 'neutral' };
}

/**
 * Why an address cannot be a webhook's or a gateway's; undefined when it can. The sender looks again, at the name's addresses, too.
 * @param isLocal on the local platform, whose sender reaches this machine.
 */
export function urlProblem(text: string, isLocal: boolean): string | undefined {
  const url = URL.parse(text.trim());
  if (!url) return t('This is not a URL. Write one such as https://hooks.example.com/alerts.');
  if (url.protocol !== 'https:') return t('The URL must begin with https://.');
  if (url.username || url.password) return t('The URL must have no user name and no password.');
  if (isLocal && LOOPBACK.includes(url.hostname)) return undefined;
  if (url.port !== '') return t('The URL must have no port: 443 is used.');
  const isAddress = /^[\d.]+$|^\[/.test(url.hostname);
  if (isAddress || !url.hostname.includes('.') || /\.(localhost|local|internal)$/.test(url.hostname))
    return t('The URL must name a host on the internet, such as hooks.example.com.');
  return undefined;
}

/** Hosts that mean this machine. */
export const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Why a template cannot be sent; undefined when it can. */
export function templateProblem(text: string): string | undefined {
  const found = parse(text);
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    return t('The template is a JSON object, such as {example}.', { example: '{"text": "{{text}}"}' });
  if (text.length > 4096) return t('The template has at most 4 KiB.');
  return text.includes('{{text}}')
    ? undefined
    : t('Put {placeholder} where the gateway expects the message.', { placeholder: '{{text}}' });
}

/** The sender refuses these too, but only when it first sends: nothing else can open the sealed key. */
function keyProblem(key: string): string | undefined {
  if (key === '') return t('Give the key that the gateway asks for.');
  return /^[\x21-\x7e]{1,1000}$/.test(key)
    ? undefined
    : t('The key has at most 1000 characters, all ASCII, and no spaces. Leave out “Bearer”.');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is wrong with each part of a draft. @param isNew false: without a URL its secrets stay as they are. @param isLocal as above. */
export function channelProblems(
  { kind, name, address, url, chat, template }: ChannelDraft,
  isNew: boolean,
  isLocal: boolean,
): Partial<Record<'name' | 'address' | 'url' | 'key' | 'template', string>> {
  const problems: ReturnType<typeof channelProblems> = {};
  const note = (part: keyof typeof problems, problem: string | false | undefined) => {
    if (problem) problems[part] = problem;
  };
  note('name', name.trim() === '' && t('Give it a name.'));
  if (kind === 'email')
    note('address', isNew && !/^\S+@\S+\.\S+$/.test(address.trim()) && t('Write an address such as ops@example.com.'));
  else if (isNew || url.trim() !== '') {
    note('url', urlProblem(url, isLocal));
    if (kind === 'chat') note('key', keyProblem(chat.key.trim()));
  } else
    note(
      'url',
      kind === 'chat' &&
        (chat.key !== '' || chat.group !== '') &&
        t('Give the URL, too: all of them are replaced together.'),
    );
  if (kind === 'chat') note('template', templateProblem(template));
  return problems;
}

/** `Critical and warning alerts of devices tagged a or b`. */
function whichWords(severities: readonly Severity[], tags: readonly string[]): string {
  const list = capital(severities.map((severity) => t(severity)).join(` ${t('and')} `));
  const alerts = severities.length === 3 ? t('All alerts') : t('{list} alerts', { list });
  return tags.length === 0
    ? alerts
    : t('{alerts} of devices tagged {list}', { alerts, list: tags.join(` ${t('or')} `) });
}

/** What a route does, in one line each: which alerts, when, and when not. */
export function describeRoute({
  severities,
  tags,
  after_minutes,
  repeat_minutes,
  until,
  tells_resolved,
  quiet_from,
  quiet_until,
  time_zone,
  critical_passes,
}: RouteDraft): { which: string; when: string; quiet: string | undefined } {
  const open = until === 'acknowledged' ? t('nobody has acknowledged the alert') : t('it is open');
  const when = [
    after_minutes === 0 ? t('At once') : t('After {span}, if {open}', { span: spanWords(after_minutes), open }),
    repeat_minutes !== null && t('again every {span} while {open}', { span: spanWords(repeat_minutes), open }),
    tells_resolved && t('and when it is resolved'),
  ];
  const [from, to] = [quiet_from, quiet_until].map((time) => time?.slice(0, 5).replace(':', locale().time));
  const hours = from && to && { from, to, zone: time_zone };
  const quiet =
    hours &&
    (critical_passes && severities.includes('critical')
      ? t('Quiet from {from} to {to} ({zone}), but not for critical ones', hours)
      : t('Quiet from {from} to {to} ({zone})', hours));
  return { which: whichWords(severities, tags), when: when.filter(Boolean).join(', '), quiet: quiet || undefined };
}

/** Why a route cannot be saved; undefined when it can. */
export function routeProblem(draft: RouteDraft): string | undefined {
  const { channel_id, severities, tags, after_minutes, repeat_minutes, quiet_from, quiet_until, digest_above } = draft;
  const isWhole = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  if (!channel_id) return t('Choose a channel.');
  if (severities.length === 0) return t('Choose at least one severity.');
  const bad = tags.find((tag) => !isTag(tag));
  if (bad !== undefined) return t('“{bad}” is not a tag: use {rule}.', { bad, rule: foreign(TAG_RULE) });
  if (tags.length > MAX_TAGS) return t('A route has at most {most} tags.', { most: MAX_TAGS });
  if (!isWhole(after_minutes, 0, 10080)) return t('Minutes to wait: a whole number from 0 to 10080.');
  if (repeat_minutes !== null && !isWhole(repeat_minutes, 5, 10080))
    return t('Repeat: a whole number of minutes from 5 to 10080, or nothing.');
  if ((quiet_from === null) !== (quiet_until === null)) return t('Quiet hours: give both times, or neither.');
  if (quiet_from !== null && quiet_from === quiet_until) return t('Quiet hours: give two different times.');
  if (!isWhole(digest_above, 1, 1000)) return t('Digest: a whole number of times from 1 to 1000.');
  return undefined;
}

/** What a notification tells of. */
export function tellsWords({ transition, n }: Pick<Notification, 'transition' | 'n'>): string {
  if (transition === 'escalated') return t('Escalated after {span}', { span: spanWords(n) });
  if (transition === 'repeated') return t('{n, plural, one {Repeated, once} other {Repeated, # times}}', { n });
  return foreign(capital(transition));
}

/** What it is about: a rule and its device. */
export function aboutWords({ transition, content }: Pick<Notification, 'transition' | 'content'>): string {
  const { rule, device_name, opened, resolved } = (content ?? {}) as Record<string, unknown>;
  if (transition === 'digest')
    return opened === undefined
      ? t('Being collected')
      : t('{opened} opened, {resolved} resolved', { opened: Number(opened), resolved: Number(resolved) });
  if (transition === 'test') return t('A test message');
  if (transition === 'confirmation') return t('Asks its reader to confirm');
  return t('{rule} on {device}', { rule: String(rule), device: String(device_name) });
}

/** What became of it. */
export function outcome({ state, attempts }: Pick<Notification, 'state' | 'attempts'>): { word: string; tone: Tone } {
  if (state === 'sent') return { word: t('Sent'), tone: 'ok' };
  if (state === 'failed') return { word: t('Failed'), tone: 'danger' };
  if (state === 'cancelled') return { word: t('Cancelled'), tone: 'neutral' };
  return attempts === 0 ? { word: t('Waiting'), tone: 'neutral' } : { word: t('Tried again'), tone: 'warn' };
}

/** `2 sent, 1 failed`; undefined when nothing is told. */
export function countWords(counts: Omit<NotificationCounts, 'alert_id'> | undefined): string | undefined {
  if (!counts) return undefined;
  const { sent, waiting, failed } = counts;
  const words = [
    sent > 0 && t('{sent} sent', { sent }),
    waiting > 0 && t('{waiting} waiting', { waiting }),
    failed > 0 && t('{failed} failed', { failed }),
  ];
  return words.filter(Boolean).join(', ') || undefined;
}

/** Minutes in the largest unit that says them exactly. */
function spanWords(minutes: number): string {
  if (minutes % 1440 === 0) return t('{days, plural, one {# day} other {# days}}', { days: minutes / 1440 });
  return minutes % 60 === 0 ? t('{hours} h', { hours: minutes / 60 }) : t('{minutes} min', { minutes });
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
