// How far a deletion is, in words.
import { formatNumber, formatSpan } from '../../ui/format.ts';
import type { Deletion } from './deletions.ts';

/** Readings left are counted up to this number and one more. */
const COUNTED = 100_000;

type Progress = Pick<Deletion, 'started_at' | 'stage' | 'removed' | 'rows_left' | 'problem' | 'finished_at'>;

/** `12,000 rows removed, 3,000 readings left, about 2 min`. */
export function describeProgress({ started_at, stage, removed, rows_left, problem, finished_at }: Progress, now: Date) {
  const gone = `${formatNumber(removed)} rows removed`;
  if (finished_at !== null) return `Done: ${gone}`;
  if (started_at === null) return 'Begins within a minute';
  if (problem) return `${gone}. ${problem}`;
  // What was still on its way when the rows were deleted is looked for once more.
  if (stage !== 'rows' || rows_left === null) return `${gone}; a final check follows in a few minutes`;
  const isMore = rows_left > COUNTED;
  const left = `${isMore ? `more than ${formatNumber(COUNTED)}` : formatNumber(rows_left)} readings left`;
  const seconds = (now.getTime() - Date.parse(started_at)) / 1000;
  if (removed === 0 || rows_left === 0 || seconds <= 0) return `${gone}, ${left}`;
  const remaining = formatSpan(Math.ceil((rows_left * seconds) / removed));
  return `${gone}, ${left}, ${isMore ? 'more than' : 'about'} ${remaining}`;
}
