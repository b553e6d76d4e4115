'use client';
import { useQuery } from '@tanstack/react-query';
import { loadConfig } from './config.ts';

/** Where devices connect, and whether they need this environment's own CA. Undefined while it is read. */
export function usePlace() {
  return useQuery({
    queryKey: ['place'],
    queryFn: async () => {
      const [{ brokerHost, brokerPort }, ca] = await Promise.all([loadConfig(), fetch('/api/ca.pem')]);
      return { host: brokerHost, port: brokerPort, hasPrivateCa: ca.ok };
    },
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}
