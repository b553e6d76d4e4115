// A rule in words, what is still missing from a draft, and what a rule has not judged.

import { MAX_LASTING_MINUTES, MAX_WINDOW_MINUTES } from '../../../../domain/alert-rules.ts';
import { foreign, type PlainMessage, t } from '../../language/translate.ts';
import { formatClock, formatNumber, formatSpan } from '../../ui/format.ts';
import type { Comparison, Progress, RuleDraft, RuleKind } from './rules.ts';

export const KIND_NAMES: Record<RuleKind, PlainMessage> = {
  threshold: 'A value meets a condition',
  missing: 'A device is silent',
  rate: 'A value changes too fast',
};

/** A condition of a rule: a threshold for `above` and `below`, else what is wanted. */
export interface Condition {
  field: string | null;
  comparison: Comparison | null;
  threshold: number | null;
  wanted: string | null;
}

export const NO_CONDITION: Condition = { field: null, comparison: null, threshold: null, wanted: null };

export const comparesNumbers = ({ comparison }: Condition) => comparison === 'above' || comparison === 'below';

/** The second condition; undefined when there is none. */
export function secondOf(draft: RuleDraft): Condition | undefined {
  const { also_field: field, also_comparison: comparison, also_threshold: threshold, also_wanted: wanted } = draft;
  return comparison === null ? undefined : { field, comparison, threshold, wanted };
}

export const withSecond = ({ field, comparison, threshold, wanted }: Condition) => ({
  also_field: field,
  also_comparison: comparison,
  also_threshold: threshold,
  also_wanted: wanted,
});

/** Whether the conditions must last, and a reading that does not meet them resolves the alert. Otherwise time does. */
export const lasts = (draft: RuleDraft) =>
  draft.kind === 'threshold' &&
  (!comparesNumbers(draft) || secondOf(draft) !== undefined || (draft.for_minutes ?? 0) > 0);

/** Minutes in the largest unit that is whole: `7 days`. */
export function minutesInWords(minutes: number): string {
  if (minutes % 1440 === 0) return t('{days, plural, one {# day} other {# days}}', { days: minutes / 1440 });
  if (minutes % 60 === 0) return t('{hours, plural, one {# hour} other {# hours}}', { hours: minutes / 60 });
  return t('{minutes, plural, one {# minute} other {# minutes}}', { minutes });
}

const conditionWords = (condition: Condition) => {
  const { field, comparison, threshold, wanted } = condition;
  const name = field ?? '?';
  const bound = threshold === null ? '?' : formatNumber(threshold);
  if (comparison === 'above') return t('{field} is above {bound}', { field: name, bound });
  if (comparison === 'below') return t('{field} is below {bound}', { field: name, bound });
  return `${name} ${comparison === null ? '?' : t(comparison)} “${wanted}”`;
};

/** `When temperature is above 25, on every device`. @param deviceName of the rule's device; undefined when it has none. */
export function describeRule(draft: RuleDraft, deviceName: string | undefined): string {
  const { kind, comparison, threshold, window_minutes, tag } = draft;
  const field = draft.field ?? '?';
  const where =
    deviceName !== undefined
      ? t('on {device}', { device: deviceName })
      : tag === null
        ? t('on every device')
        : t('on devices tagged {tag}', { tag });
  if (kind === 'missing')
    return t('When no message came for {span}, {where}', { span: minutesInWords(window_minutes), where });
  if (kind === 'rate') {
    const bound = threshold === null ? '?' : formatNumber(threshold);
    const values = { field, bound, span: minutesInWords(window_minutes), where };
    return comparison === 'above'
      ? t('When {field} changes by more than {bound} a minute over {span}, {where}', values)
      : t('When {field} changes by less than {bound} a minute over {span}, {where}', values);
  }
  const second = secondOf(draft);
  const first = conditionWords(draft);
  const conditions = second ? t('{first} and {second}', { first, second: conditionWords(second) }) : first;
  return draft.for_minutes
    ? t('When {conditions} for {span}, {where}', { conditions, span: minutesInWords(draft.for_minutes), where })
    : t('When {conditions}, {where}', { conditions, where });
}

const isWhole = (minutes: number, least: number, most: number) =>
  Number.isInteger(minutes) && minutes >= least && minutes <= most;

function conditionProblem(condition: Condition): string | undefined {
  const { field, threshold, wanted } = condition;
  if (!field) return t('Choose the field to watch.');
  if (!comparesNumbers(condition)) return wanted ? undefined : t('Give the value to compare with.');
  return threshold === null || !Number.isFinite(threshold) ? t('Give the threshold as a number.') : undefined;
}

/** Why it cannot be saved or tried yet; undefined when it can. The name is not checked. */
export function draftProblem(draft: RuleDraft): string | undefined {
  const { kind, window_minutes, for_minutes } = draft;
  const most = kind === 'missing' ? MAX_LASTING_MINUTES : MAX_WINDOW_MINUTES;
  if (!lasts(draft) && !isWhole(window_minutes, 1, most))
    return t('A whole number of minutes, from 1 to {span}.', { span: minutesInWords(most) });
  if (for_minutes !== null && !isWhole(for_minutes, 0, MAX_LASTING_MINUTES))
    return t('A whole number of minutes, up to {span}.', { span: minutesInWords(MAX_LASTING_MINUTES) });
  if (kind === 'missing') return undefined;
  const second = secondOf(draft);
  return conditionProblem(draft) ?? (kind === 'threshold' && second ? conditionProblem(second) : undefined);
}

/** The draft with only what its kind and its comparisons have: the database refuses `missing` with a threshold. */
export function tidy(draft: RuleDraft): RuleDraft {
  const bare = { ...draft, ...NO_CONDITION, ...withSecond(NO_CONDITION), for_minutes: null };
  const first = tidyCondition(draft);
  if (draft.kind === 'missing') return bare;
  const window_minutes = Math.min(draft.window_minutes, MAX_WINDOW_MINUTES);
  if (!lasts(draft)) return { ...bare, ...first, window_minutes };
  const second = secondOf(draft);
  // The window is not used.
  return {
    ...bare,
    ...first,
    ...(second && withSecond(tidyCondition(second))),
    for_minutes: draft.for_minutes ?? 0,
    window_minutes: 5,
  };
}

const tidyCondition = (condition: Condition): Condition => ({
  field: condition.field,
  comparison: condition.comparison,
  threshold: comparesNumbers(condition) ? condition.threshold : null,
  wanted: comparesNumbers(condition) ? null : condition.wanted,
});

/** In milliseconds. Rules are judged once a minute: one that was last judged longer ago is behind. */
const BEHIND_MS = 5 * 60_000;
const DAY_MS = 24 * 3_600_000;

/** What a rule has not judged or opened, and why; undefined when it keeps up. @param progress undefined while it is read. */
export function unjudgedWords(progress: Progress | undefined, now: Date): string | undefined {
  if (!progress) return undefined;
  const {
    judged_at,
    judged_from,
    tried_at,
    problem,
    skipped_from,
    skipped_until,
    suppressed,
    suppressed_from,
    suppressed_until,
  } = progress;
  const because = problem === null ? '' : `: ${foreign(problem)}`;
  if (judged_at === null)
    return problem === null && tried_at === '-infinity' ? undefined : t('Not judged yet{because}.', { because });
  if (now.getTime() - Date.parse(judged_at) > BEHIND_MS)
    return t('Not judged since {time}{because}.', { time: formatClock(new Date(judged_at), now), because });
  if (skipped_from !== null && skipped_until !== null && now.getTime() - Date.parse(skipped_until) <= DAY_MS) {
    const [from, until] = [new Date(skipped_from), new Date(skipped_until)];
    return t('What came from {from} to {until} was not judged.', {
      from: formatClock(from, now),
      until: formatClock(until, now),
    });
  }
  if (suppressed_from !== null && suppressed_until !== null && now.getTime() - Date.parse(suppressed_until) <= DAY_MS)
    return t(
      '{suppressed, plural, one {# alert was not opened} other {# alerts were not opened}} from {from} to {until}: the same devices had opened too many in an hour.',
      {
        suppressed,
        from: formatClock(new Date(suppressed_from), now),
        until: formatClock(new Date(suppressed_until), now),
      },
    );
  if (judged_from === null || now.getTime() - Date.parse(judged_from) > DAY_MS) return undefined;
  return t('What came before {time} is not judged.', { time: formatClock(new Date(judged_from), now) });
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
