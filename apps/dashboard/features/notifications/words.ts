// Channels, routes and notifications in words, and what is still missing from a draft.
import { isTag, MAX_TAGS, TAG_RULE } from '../../../../domain/tags.ts';
import type { Tone } from '../../ui/notice.tsx';
import type { Channel, ChannelDraft, ChannelKind } from './channels.ts';
import type { Notification, NotificationCounts } from './outbox.ts';
import type { RouteDraft } from './routes.ts';

export const KIND_NAMES: Record<ChannelKind, string> = { email: 'E-mail', webhook: 'Webhook', chat: 'Chat gateway' };

/** What a channel does now. */
export function channelState({ enabled, confirmed_at, refused_at }: Channel): { word: string; tone: Tone } {
  if (refused_at) return { word: 'Refused by its reader', tone: 'danger' };
  if (!confirmed_at) return { word: 'Waits for confirmation', tone: 'warn' };
  return enabled ? { word: 'Ready', tone: 'ok' } : { word: 'Off', tone: 'neutral' };
}

/**
 * Why an address cannot be a webhook's or a gateway's; undefined when it can. The sender looks again, at the name's addresses, too.
 * @param isLocal on the local platform, whose sender reaches this machine.
 */
export function urlProblem(text: string, isLocal: boolean): string | undefined {
  const url = URL.parse(text.trim());
  if (!url) return 'This is not a URL. Write one such as https://hooks.example.com/alerts.';
  if (url.protocol !== 'https:') return 'The URL must begin with https://.';
  if (url.username || url.password) return 'The URL must have no user name and no password.';
  if (isLocal && LOOPBACK.includes(url.hostname)) return undefined;
  if (url.port !== '') return 'The URL must have no port: 443 is used.';
  const isAddress = /^[\d.]+$|^\[/.test(url.hostname);
  if (isAddress || !url.hostname.includes('.') || /\.(localhost|local|internal)$/.test(url.hostname))
    return 'The URL must name a host on the internet, such as hooks.example.com.';
  return undefined;
}

/** Hosts that mean this machine. */
export const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Why a template cannot be sent; undefined when it can. */
export function templateProblem(text: string): string | undefined {
  const found = parse(text);
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    return 'The template is a JSON object, such as {"text": "{{text}}"}.';
  if (text.length > 4096) return 'The template has at most 4 KiB.';
  return text.includes('{{text}}') ? undefined : 'Put {{text}} where the gateway expects the message.';
}

/** The sender refuses these too, but only when it first sends: nothing else can open the sealed key. */
function keyProblem(key: string): string | undefined {
  if (key === '') return 'Give the key that the gateway asks for.';
  return /^[\x21-\x7e]{1,1000}$/.test(key)
    ? undefined
    : 'The key has at most 1000 characters, all ASCII, and no spaces. Leave out “Bearer”.';
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
  note('name', name.trim() === '' && 'Give it a name.');
  if (kind === 'email')
    note('address', isNew && !/^\S+@\S+\.\S+$/.test(address.trim()) && 'Write an address such as ops@example.com.');
  else if (isNew || url.trim() !== '') {
    note('url', urlProblem(url, isLocal));
    if (kind === 'chat') note('key', keyProblem(chat.key.trim()));
  } else
    note(
      'url',
      kind === 'chat' &&
        (chat.key !== '' || chat.group !== '') &&
        'Give the URL, too: all of them are replaced together.',
    );
  if (kind === 'chat') note('template', templateProblem(template));
  return problems;
}

/** `critical and warning alerts`. */
const alertsWords = (severities: readonly string[]) =>
  severities.length === 3 ? 'All alerts' : `${capital(severities.join(' and '))} alerts`;

/** ` of devices tagged a or b`; nothing for all devices. */
const tagsWords = (tags: readonly string[]) => (tags.length === 0 ? '' : ` of devices tagged ${tags.join(' or ')}`);

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
  const open = until === 'acknowledged' ? 'nobody has acknowledged the alert' : 'it is open';
  const when = [
    after_minutes === 0 ? 'At once' : `After ${spanWords(after_minutes)}, if ${open}`,
    repeat_minutes !== null && `again every ${spanWords(repeat_minutes)} while ${open}`,
    tells_resolved && 'and when it is resolved',
  ];
  const quiet =
    quiet_from === null || quiet_until === null
      ? undefined
      : `Quiet from ${quiet_from.slice(0, 5)} to ${quiet_until.slice(0, 5)} (${time_zone})${critical_passes && severities.includes('critical') ? ', but not for critical ones' : ''}`;
  return { which: alertsWords(severities) + tagsWords(tags), when: when.filter(Boolean).join(', '), quiet };
}

/** Why a route cannot be saved; undefined when it can. */
export function routeProblem(draft: RouteDraft): string | undefined {
  const { channel_id, severities, tags, after_minutes, repeat_minutes, quiet_from, quiet_until, digest_above } = draft;
  const isWhole = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  if (!channel_id) return 'Choose a channel.';
  if (severities.length === 0) return 'Choose at least one severity.';
  const bad = tags.find((tag) => !isTag(tag));
  if (bad !== undefined) return `“${bad}” is not a tag: use ${TAG_RULE}.`;
  if (tags.length > MAX_TAGS) return `A route has at most ${MAX_TAGS} tags.`;
  if (!isWhole(after_minutes, 0, 10080)) return 'Minutes to wait: a whole number from 0 to 10080.';
  if (repeat_minutes !== null && !isWhole(repeat_minutes, 5, 10080))
    return 'Repeat: a whole number of minutes from 5 to 10080, or nothing.';
  if ((quiet_from === null) !== (quiet_until === null)) return 'Quiet hours: give both times, or neither.';
  if (quiet_from !== null && quiet_from === quiet_until) return 'Quiet hours: give two different times.';
  if (!isWhole(digest_above, 1, 1000)) return 'Digest: a whole number of times from 1 to 1000.';
  return undefined;
}

/** What a notification tells of. */
export function tellsWords({ transition, n }: Pick<Notification, 'transition' | 'n'>): string {
  if (transition === 'escalated') return `Escalated after ${spanWords(n)}`;
  if (transition === 'repeated') return `Repeated, ${n === 1 ? 'once' : `${n} times`}`;
  return capital(transition);
}

/** What it is about: a rule and its device. */
export function aboutWords({ transition, content }: Pick<Notification, 'transition' | 'content'>): string {
  const { rule, device_name, opened, resolved } = (content ?? {}) as Record<string, unknown>;
  if (transition === 'digest')
    return opened === undefined ? 'Being collected' : `${opened} opened, ${resolved} resolved`;
  if (transition === 'test') return 'A test message';
  if (transition === 'confirmation') return 'Asks its reader to confirm';
  return `${rule} on ${device_name}`;
}

/** What became of it. */
export function outcome({ state, attempts }: Pick<Notification, 'state' | 'attempts'>): { word: string; tone: Tone } {
  if (state === 'sent') return { word: 'Sent', tone: 'ok' };
  if (state === 'failed') return { word: 'Failed', tone: 'danger' };
  if (state === 'cancelled') return { word: 'Cancelled', tone: 'neutral' };
  return attempts === 0 ? { word: 'Waiting', tone: 'neutral' } : { word: 'Tried again', tone: 'warn' };
}

/** `2 sent, 1 failed`; undefined when nothing is told. */
export function countWords(counts: Omit<NotificationCounts, 'alert_id'> | undefined): string | undefined {
  if (!counts) return undefined;
  const { sent, waiting, failed } = counts;
  const words = [sent > 0 && `${sent} sent`, waiting > 0 && `${waiting} waiting`, failed > 0 && `${failed} failed`];
  return words.filter(Boolean).join(', ') || undefined;
}

/** Minutes in the largest unit that says them exactly. */
function spanWords(minutes: number): string {
  if (minutes % 1440 === 0) return minutes === 1440 ? '1 day' : `${minutes / 1440} days`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
