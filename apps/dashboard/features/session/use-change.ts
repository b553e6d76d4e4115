'use client';
// A change to the platform: reports its result and reads again what it changed.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNotify } from '../../ui/toasts.tsx';
import { messageOf } from './errors.ts';

interface Change<Argument, Result> {
  run: (argument: Argument) => Promise<Result>;
  /** The sentence for when it is done. */
  done: (argument: Argument) => string;
  /** First words of the queries it changes. */
  changes: string[];
}

export function useChange<Argument, Result>({ run, done, changes }: Change<Argument, Result>) {
  const queries = useQueryClient();
  const notify = useNotify();
  return useMutation({
    mutationFn: run,
    onSuccess: (_, argument) => notify(done(argument)),
    onError: (error) => notify(messageOf(error), 'danger'),
    onSettled: () => Promise.all(changes.map((queryKey) => queries.invalidateQueries({ queryKey: [queryKey] }))),
  });
}
