'use client';
// The devices that match a search and a state.
import { useTimely } from '../../ui/time.tsx';
import type { Device } from './devices.ts';
import { deviceState } from './state.ts';
import type { ListedStatus } from './statuses.ts';

export const STATES = [
  { value: 'all', label: 'All' },
  { value: 'live', label: 'Live' },
  { value: 'quiet', label: 'Quiet' },
  { value: 'disabled', label: 'Disabled' },
] as const;
export type StateFilter = (typeof STATES)[number]['value'];

const FILTER_OF = { Live: 'live', Quiet: 'quiet', 'No readings': 'quiet', Disabled: 'disabled' } as const;

/** @returns the devices found, and how many of all devices are live. */
export function useFound(
  devices: Device[] | undefined,
  statuses: Map<string, ListedStatus> | undefined,
  search: string,
  state: StateFilter,
): { found: Device[]; live: number } {
  const all = devices ?? [];
  const filterOf = ({ id, enabled }: Device, now: Date) => FILTER_OF[deviceState(enabled, statuses?.get(id), now).word];
  // A change of this number renders again: a device falls silent without sending anything.
  const live = useTimely((now) => all.filter((device) => filterOf(device, now) === 'live').length);
  const now = new Date();
  const sought = search.trim().toLowerCase();
  const found = all.filter(
    (device) =>
      `${device.name} ${device.slug}`.toLowerCase().includes(sought) &&
      (state === 'all' || filterOf(device, now) === state),
  );
  return { found, live };
}
