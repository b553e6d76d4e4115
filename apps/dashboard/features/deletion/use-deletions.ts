'use client';
// The tenant's deletions, kept fresh.
import { useQuery } from '@tanstack/react-query';
import { polled } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { type Deletion, recentDeletions } from './deletions.ts';

const POLL_MS = 15_000;

export function useDeletions() {
  const { tenant_id } = useTenant().tenant;
  return useQuery({
    queryKey: ['deletions', tenant_id],
    queryFn: () => recentDeletions(tenant_id),
    ...polled(POLL_MS),
  });
}

/** The deletion of the tenant itself, if it was asked for. */
export function useTenantDeletion(): Deletion | undefined {
  return useDeletions().data?.find(({ kind, finished_at }) => kind === 'tenant' && finished_at === null);
}
