'use client';
// Where devices connect, and whether they need this environment's own CA.
import { useQuery } from '@tanstack/react-query';
import { loadConfig } from '../session/config.ts';
import type { Place } from './access.ts';

/** Undefined while it is read. */
export function usePlace(): Place | undefined {
  return useQuery({
    queryKey: ['place'],
    queryFn: async () => {
      const { brokerHost, brokerPort, hasCa } = await loadConfig();
      return { host: brokerHost, port: brokerPort, hasPrivateCa: hasCa };
    },
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}
