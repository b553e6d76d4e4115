'use client';
// Devices as the pages see them, kept fresh.
import { useQuery } from '@tanstack/react-query';
import { polled } from '../session/queries.tsx';
import { useChange } from '../session/use-change.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { listDevices } from './devices.ts';

/** The registry changes by hand, here or in another window. */
const REGISTRY_MS = 15_000;

export function useDevices() {
  const { tenant_id } = useTenant().tenant;
  return useQuery({ queryKey: ['devices', tenant_id], queryFn: () => listDevices(tenant_id), ...polled(REGISTRY_MS) });
}

/** Does something to the registry, says so, and reads the registry again. */
export const useRegistryChange = <Argument, Result>(
  run: (argument: Argument) => Promise<Result>,
  done: (argument: Argument) => string,
) => useChange({ run, done, changes: ['devices', 'device'] });
