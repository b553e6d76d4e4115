'use client';
import { useQuery } from '@tanstack/react-query';
import { loadConfig } from './config.ts';

/** Where devices connect, and whether they need this environment's own CA. Undefined while it is read. */
export function usePlace() {
  return useQuery({
    queryKey: ['place'],
    queryFn: async () => {
      const { brokerHost, brokerPort, hasCa } = await loadConfig();
      return { host: brokerHost, port: brokerPort, hasPrivateCa: hasCa };
    },
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}
