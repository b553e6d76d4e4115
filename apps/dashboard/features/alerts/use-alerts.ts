'use client';
import { useQuery } from '@tanstack/react-query';
import { useDevices } from '../devices/use-devices.ts';
import { polled } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { countOpenAlerts, openAlerts } from './alerts.ts';
import { listRules, ruleProgress } from './rules.ts';

/** Rules are evaluated once a minute; an acknowledgement by someone else should show sooner. */
const POLL_MS = 5000;

/** How many are open. */
export function useOpenCount() {
  const { tenant_id } = useTenant().tenant;
  return useQuery({
    queryKey: ['alerts', tenant_id, 'count'],
    queryFn: () => countOpenAlerts(tenant_id),
    ...polled(POLL_MS),
  });
}

export function useOpenAlerts(most: number) {
  const { tenant_id } = useTenant().tenant;
  return useQuery({
    queryKey: ['alerts', tenant_id, 'open', most],
    queryFn: () => openAlerts(tenant_id, most),
    ...polled(POLL_MS),
  });
}

export function useRules() {
  const { tenant_id } = useTenant().tenant;
  return useQuery({ queryKey: ['rules', tenant_id], queryFn: () => listRules(tenant_id), ...polled(15_000) });
}

/** By the rule's id. */
export function useProgress() {
  const { tenant_id } = useTenant().tenant;
  return useQuery({
    queryKey: ['rules', tenant_id, 'progress'],
    queryFn: () => ruleProgress(tenant_id),
    select: (rows) => new Map(rows.map((row) => [row.rule_id, row])),
    ...polled(15_000),
  });
}

/** A device's name by its id; the id's beginning while names are read. */
export function useDeviceNames(): (id: string) => string {
  const { data: devices } = useDevices();
  return (id) => devices?.find((device) => device.id === id)?.name ?? id.slice(0, 8);
}
