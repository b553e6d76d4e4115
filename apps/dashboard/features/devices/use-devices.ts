'use client';
// Devices as the pages see them, kept fresh.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNotify } from '../../ui/toasts.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { latestReadings } from '../telemetry/readings.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { listDevices } from './devices.ts';

/** The registry changes by hand, here or in another window. */
const REGISTRY_MS = 15_000;
/** A published reading is on the list within two seconds (docs/dashboard.md). */
const LIST_MS = 2000;

export function useDevices() {
  const { tenant_id } = useTenant().tenant;
  return useQuery({ queryKey: ['devices', tenant_id], queryFn: () => listDevices(tenant_id), ...polled(REGISTRY_MS) });
}

/** By device id. */
export function useLatestReadings() {
  const { tenant_id } = useTenant().tenant;
  return useQuery({
    queryKey: ['latest', tenant_id],
    queryFn: () => latestReadings(tenant_id),
    select: (readings) => new Map(readings.map((reading) => [reading.device_id, reading])),
    ...polled(LIST_MS),
  });
}

/** Does something to the registry, says so, and reads the registry again. */
export function useRegistryChange<Argument, Result>(
  change: (argument: Argument) => Promise<Result>,
  done: (argument: Argument) => string,
) {
  const queries = useQueryClient();
  const notify = useNotify();
  return useMutation({
    mutationFn: change,
    onSuccess: (_, argument) => notify(done(argument)),
    onError: (error) => notify(messageOf(error), 'danger'),
    onSettled: () =>
      Promise.all(['devices', 'device'].map((queryKey) => queries.invalidateQueries({ queryKey: [queryKey] }))),
  });
}
