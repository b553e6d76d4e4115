// A rule in words, what is still missing from a draft, and what a rule has not judged.
import { MAX_WINDOW_MINUTES } from '../../../../domain/alert-rules.ts';
import { foreign, type PlainMessage, t } from '../../language/translate.ts';
import { formatClock, formatNumber, formatSpan } from '../../ui/format.ts';
import type { Progress, RuleDraft, RuleKind } from './rules.ts';

export const KIND_NAMES: Record<RuleKind, PlainMessage> = {
  threshold: 'A value crosses a threshold',
  missing: 'A device is silent',
  rate: 'A value changes too fast',
};

/** What the window means for each kind. */
export const WINDOW_MEANS: Record<RuleKind, PlainMessage> = {
  threshold: 'The alert is resolved after this many minutes without a breach.',
  missing: 'The alert opens after this many minutes without a message.',
  rate: 'The change is measured over this many minutes. The alert is resolved after as many without a breach.',
};

/** `temperature above 25, on every device`. @param deviceName of the rule's device; undefined when it is for all. */
export function describeRule(
  { kind, field, comparison, threshold, window_minutes }: RuleDraft,
  deviceName: string | undefined,
): string {
  const where = deviceName === undefined ? t('on every device') : t('on {device}', { device: deviceName });
  if (kind === 'missing') return t('no reading for {minutes} min, {where}', { minutes: window_minutes, where });
  const bound = threshold === null ? '?' : formatNumber(threshold);
  const is = comparison === null ? '?' : t(comparison);
  if (kind === 'rate')
    return t('{field} changes by {is} {bound} a minute over {minutes} min, {where}', {
      field: field ?? '?',
      is,
      bound,
      minutes: window_minutes,
      where,
    });
  return `${field} ${is} ${bound}, ${where}`;
}

/** Why it cannot be saved or tried yet; undefined when it can. The name is not checked. */
export function draftProblem({ kind, field, comparison, threshold, window_minutes }: RuleDraft): string | undefined {
  if (!Number.isInteger(window_minutes) || window_minutes < 1 || window_minutes > MAX_WINDOW_MINUTES) {
    return t('Minutes: a whole number from 1 to {most}.', { most: String(MAX_WINDOW_MINUTES) });
  }
  if (kind === 'missing') return undefined;
  if (!field) return t('Choose the field to watch.');
  if (comparison === null || threshold === null || !Number.isFinite(threshold))
    return t('Give the threshold as a number.');
  return undefined;
}

/** The draft with only the fields of its kind: the database refuses `missing` with a threshold. */
export function tidy(draft: RuleDraft): RuleDraft {
  return draft.kind === 'missing' ? { ...draft, field: null, comparison: null, threshold: null } : draft;
}

/** In milliseconds. Rules are judged once a minute: one that was last judged longer ago is behind. */
const BEHIND_MS = 5 * 60_000;
const DAY_MS = 24 * 3_600_000;

/** What a rule has not judged, and why; undefined when it keeps up. @param progress undefined while it is read. */
export function unjudgedWords(progress: Progress | undefined, now: Date): string | undefined {
  if (!progress) return undefined;
  const { judged_at, tried_at, problem, skipped_from, skipped_until } = progress;
  const because = problem === null ? '' : `: ${foreign(problem)}`;
  if (judged_at === null)
    return problem === null && tried_at === '-infinity' ? undefined : t('Not judged yet{because}.', { because });
  if (now.getTime() - Date.parse(judged_at) > BEHIND_MS)
    return t('Not judged since {time}{because}.', { time: formatClock(new Date(judged_at), now), because });
  if (skipped_from === null || skipped_until === null || now.getTime() - Date.parse(skipped_until) > DAY_MS)
    return undefined;
  const [from, until] = [new Date(skipped_from), new Date(skipped_until)];
  return t('What came from {from} to {until} was not judged.', {
    from: formatClock(from, now),
    until: formatClock(until, now),
  });
}

/** In milliseconds: a message's way to the database and the minute until a rule judges it take less. */
const ON_TIME_MS = 5 * 60_000;

/** The device's time of the newest breach, where it differs from the time at which the breach was found: `device time 3 h earlier`. */
export function deviceTimeWords(foundAt: string, deviceTs: string | null): string | undefined {
  if (deviceTs === null) return undefined;
  const off = Date.parse(deviceTs) - Date.parse(foundAt);
  if (Math.abs(off) <= ON_TIME_MS) return undefined;
  const span = formatSpan(Math.round(Math.abs(off) / 1000));
  return off < 0 ? t('device time {span} earlier', { span }) : t('device time {span} later', { span });
}
