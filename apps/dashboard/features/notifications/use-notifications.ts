'use client';
// Channels, routes and what was sent, as the pages see them, kept fresh.
import { useQuery } from '@tanstack/react-query';
import { tagsInUse } from '../devices/device-list.ts';
import { polled } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { listChannels, notificationSender } from './channels.ts';
import { listRoutes } from './routes.ts';

/** An address is confirmed elsewhere. */
const CHANNELS_MS = 5000;
const SLOW_MS = 15_000;

export function useChannels() {
  const { tenant_id } = useTenant().tenant;
  return useQuery({
    queryKey: ['channels', tenant_id],
    queryFn: () => listChannels(tenant_id),
    ...polled(CHANNELS_MS),
  });
}

export function useRoutes() {
  const { tenant_id } = useTenant().tenant;
  return useQuery({ queryKey: ['routes', tenant_id], queryFn: () => listRoutes(tenant_id), ...polled(SLOW_MS) });
}

/** The tags of devices, to choose from; the list of devices asks for the same. */
export function useTags() {
  const { tenant_id } = useTenant().tenant;
  return useQuery({ queryKey: ['devices', tenant_id, 'tags'], queryFn: () => tagsInUse(tenant_id) });
}

/** The data is null before the platform has sent anything: undefined would be "not known yet". */
export const useSender = () =>
  useQuery({ queryKey: ['sender'], queryFn: async () => (await notificationSender()) ?? null, ...polled(SLOW_MS) });

/** A channel's name by its id. */
export function useChannelNames(): (id: string) => string {
  const { data: channels } = useChannels();
  return (id) => channels?.find((channel) => channel.id === id)?.name ?? id.slice(0, 8);
}
