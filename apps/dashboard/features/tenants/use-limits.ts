'use client';
// The tenant's limits and how much of each is used.
import { useQuery } from '@tanstack/react-query';
import { polled } from '../session/queries.tsx';
import { useTenant } from './tenant.tsx';
import { limitsInUse } from './tenants.ts';

const POLL_MS = 15_000;

export function useLimits() {
  const { tenant_id } = useTenant().tenant;
  return useQuery({ queryKey: ['limits', tenant_id], queryFn: () => limitsInUse(tenant_id), ...polled(POLL_MS) });
}
