'use client';
// How much of a limit is used, on the page where a person adds something: `12 of 1,000 devices`.
import type { TenantLimit } from '../../../../domain/account-limits.ts';
import { formatNumber, formatTime } from '../../ui/format.ts';
import { useLimits } from './use-limits.ts';

/** @param noun what is counted, in the plural. */
export function LimitNote({ limit, noun }: { limit: TenantLimit; noun: string }) {
  const { data: limits } = useLimits();
  const found = limits?.find(({ name }) => name === limit);
  if (!found || found.used === null || found.most === null) return null;
  return (
    <p>
      {formatNumber(found.used)} of {formatNumber(found.most)} {noun}
      {found.until && `, a limit until ${formatTime(new Date(found.until))}`}
    </p>
  );
}
