// How far a deletion is, in words.
import { foreign, t } from '../../language/translate.ts';
import { formatSpan } from '../../ui/format.ts';
import type { Deletion } from './deletions.ts';

/** Readings left are counted up to this number and one more. */
const COUNTED = 100_000;

type Progress = Pick<Deletion, 'started_at' | 'stage' | 'removed' | 'rows_left' | 'problem' | 'finished_at'>;

/** `12,000 rows removed, 3,000 readings left, about 2 min`. */
export function describeProgress({ started_at, stage, removed, rows_left, problem, finished_at }: Progress, now: Date) {
  const gone = t('{removed, plural, one {# row} other {# rows}} removed', { removed });
  if (finished_at !== null) return t('Done: {gone}', { gone });
  if (started_at === null) return t('Begins within a minute');
  if (problem) return `${gone}. ${foreign(problem)}`;
  // What was still on its way when the rows were deleted is looked for once more.
  if (stage !== 'rows' || rows_left === null) return t('{gone}; a final check follows in a few minutes', { gone });
  const isMore = rows_left > COUNTED;
  const left = isMore
    ? t('more than {count} readings left', { count: COUNTED })
    : t('{count, plural, one {# reading} other {# readings}} left', { count: rows_left });
  const seconds = (now.getTime() - Date.parse(started_at)) / 1000;
  if (removed === 0 || rows_left === 0 || seconds <= 0) return `${gone}, ${left}`;
  const span = formatSpan(Math.ceil((rows_left * seconds) / removed));
  return `${gone}, ${left}, ${isMore ? t('more than {span}', { span }) : t('about {span}', { span })}`;
}
