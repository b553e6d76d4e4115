'use client';
// How the pages poll: one cache, no polling while the page is hidden, less often while the platform is unreachable.
import {
  keepPreviousData,
  QueryClient,
  QueryClientProvider,
  type UseQueryOptions,
  useQuery,
} from '@tanstack/react-query';
import { type ReactNode, useDeferredValue, useState } from 'react';
import { backOff } from './back-off.ts';
import { isPassing, isTooMuch } from './errors.ts';

interface PolledState {
  status: string;
  error: Error | null;
  dataUpdatedAt: number;
  errorUpdatedAt: number;
}

/** How often a query that takes the database too long is repeated: it may be less busy by then. */
const TOO_MUCH_MS = 300_000;

/**
 * Options of a query that is repeated while the page is visible. After a failure it is repeated less and less often and
 * keeps showing what it had; every five minutes when it asks for too much. @param every milliseconds.
 */
export const polled = (every: number) =>
  ({
    refetchInterval: ({ state }: { state: PolledState }) => {
      if (state.status !== 'error') return every;
      if (isTooMuch(state.error)) return Math.max(every, TOO_MUCH_MS);
      return backOff(every, state.dataUpdatedAt, state.errorUpdatedAt);
    },
    refetchIntervalInBackground: false,
    placeholderData: keepPreviousData,
    retry: false,
  }) satisfies Partial<UseQueryOptions>;

/**
 * useQuery() for a page or a long table: what arrives is drawn in slices, between which the browser handles input. A slow
 * phone would freeze otherwise.
 */
export function useSliced<Data>(options: UseQueryOptions<Data>) {
  const { data, error, refetch } = useQuery(options);
  return { data: useDeferredValue(data), error, refetch };
}

export function QueryProvider({ children }: { children: ReactNode }) {
  const [client] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          queries: {
            staleTime: 1000,
            retry: (failures, error) => failures < 2 && isPassing(error),
            // A platform on this machine is reached without a network.
            networkMode: 'always',
          },
          mutations: { networkMode: 'always' },
        },
      }),
  );
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
}
