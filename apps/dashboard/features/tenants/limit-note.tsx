'use client';
// How much of a limit is used, on the page where a person adds something: `12 of 1,000 devices`.
import type { TenantLimit } from '../../../../domain/account-limits.ts';
import { type PlainMessage, t } from '../../language/translate.ts';
import { formatTime } from '../../ui/format.ts';
import { useLimits } from './use-limits.ts';

/** @param noun what is counted, in the plural. */
export function LimitNote({ limit, noun }: { limit: TenantLimit; noun: PlainMessage }) {
  const { data: limits } = useLimits();
  const found = limits?.find(({ name }) => name === limit);
  if (!found || found.used === null || found.most === null) return null;
  return (
    <p>
      {t('{used} of {most} {noun}', { used: found.used, most: found.most, noun: t(noun) })}
      {found.until && `, ${t('a limit until {time}', { time: formatTime(new Date(found.until)) })}`}
    </p>
  );
}
