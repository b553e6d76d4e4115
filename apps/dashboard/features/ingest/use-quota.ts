'use client';
// Today's use of the tenant, and its daily quota.
import { useQuery } from '@tanstack/react-query';
import { polled } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { dailyQuota, usageToday } from './ingest.ts';

/** `usage` undefined while it is read; `quota` null: no bound. */
export function useQuota() {
  const { tenant_id } = useTenant().tenant;
  const { data: usage } = useQuery({
    queryKey: ['usage', tenant_id],
    queryFn: async () => (await usageToday(tenant_id)) ?? null,
    ...polled(10_000),
  });
  const { data: quota } = useQuery({
    queryKey: ['quota', tenant_id],
    queryFn: async () => (await dailyQuota(tenant_id)) ?? null,
    ...polled(60_000),
  });
  return { usage, quota };
}
