'use client';
// Sends a form outside the tenant's pages, one attempt at a time, and says what went wrong.
import { type FormEvent, type ReactNode, useState } from 'react';
import { Notice } from '../../ui/notice.tsx';
import { messageOf } from './errors.ts';

interface Submit {
  busy: boolean;
  submit: (event: FormEvent<HTMLFormElement>) => Promise<void>;
  problem: ReactNode;
}

/** @param work what the form does. It takes the form off the page when it succeeds; what it throws is shown. */
export function useSubmit(work: (form: FormData) => Promise<void>): Submit {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem('');
    try {
      await work(form);
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  }
  return { busy, submit, problem: problem && <Notice tone="danger">{problem}</Notice> };
}
