// A rule in words, and what is still missing from a draft.
import { MAX_WINDOW_MINUTES } from '../../../../domain/alert-rules.ts';
import { formatNumber } from '../../ui/format.ts';
import type { RuleDraft, RuleKind } from './rules.ts';

export const KIND_NAMES: Record<RuleKind, string> = {
  threshold: 'A value crosses a threshold',
  missing: 'A device is silent',
  rate: 'A value changes too fast',
};

/** What the window means for each kind. */
export const WINDOW_MEANS: Record<RuleKind, string> = {
  threshold: 'The alert is resolved after this many minutes without a breach.',
  missing: 'The alert opens after this many minutes without a reading.',
  rate: 'The change is measured over this many minutes. The alert is resolved after as many without a breach.',
};

/** `temperature above 25, on every device`. @param deviceName of the rule's device; undefined when it is for all. */
export function describeRule(
  { kind, field, comparison, threshold, window_minutes }: RuleDraft,
  deviceName: string | undefined,
): string {
  const where = deviceName === undefined ? 'on every device' : `on ${deviceName}`;
  if (kind === 'missing') return `no reading for ${window_minutes} min, ${where}`;
  const bound = `${comparison} ${threshold === null ? '?' : formatNumber(threshold)}`;
  if (kind === 'rate') return `${field} changes by ${bound} a minute over ${window_minutes} min, ${where}`;
  return `${field} ${bound}, ${where}`;
}

/** Why it cannot be saved or tried yet; undefined when it can. The name is not checked. */
export function draftProblem({ kind, field, comparison, threshold, window_minutes }: RuleDraft): string | undefined {
  if (!Number.isInteger(window_minutes) || window_minutes < 1 || window_minutes > MAX_WINDOW_MINUTES) {
    return `Minutes: a whole number from 1 to ${MAX_WINDOW_MINUTES}.`;
  }
  if (kind === 'missing') return undefined;
  if (!field) return 'Choose the field to watch.';
  if (comparison === null || threshold === null || !Number.isFinite(threshold))
    return 'Give the threshold as a number.';
  return undefined;
}

/** The draft with only the fields of its kind: the database refuses `missing` with a threshold. */
export function tidy(draft: RuleDraft): RuleDraft {
  return draft.kind === 'missing' ? { ...draft, field: null, comparison: null, threshold: null } : draft;
}
