'use client';
// How much of a limit is used, on the page where a person adds something: `12 of 1,000 devices`.
import { useQuery } from '@tanstack/react-query';
import type { TenantLimit } from '../../../../domain/account-limits.ts';
import { formatNumber, formatTime } from '../../ui/format.ts';
import { polled } from '../session/queries.tsx';
import { useTenant } from './tenant.tsx';
import { limitsInUse } from './tenants.ts';

const POLL_MS = 15_000;

/** @param noun what is counted, in the plural. */
export function LimitNote({ limit, noun }: { limit: TenantLimit; noun: string }) {
  const { tenant_id } = useTenant().tenant;
  const { data: limits } = useQuery({
    queryKey: ['limits', tenant_id],
    queryFn: () => limitsInUse(tenant_id),
    ...polled(POLL_MS),
  });
  const found = limits?.find(({ name }) => name === limit);
  if (!found || found.used === null) return null;
  return (
    <p>
      {formatNumber(found.used)} of {formatNumber(found.most)} {noun}
      {found.until && `, a limit until ${formatTime(new Date(found.until))}`}
    </p>
  );
}
