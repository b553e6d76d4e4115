'use client';
// Signing in with e-mail and password; for an invited person without an account, making one.
import { type FormEvent, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { signIn, signUp } from './account.ts';
import { messageOf } from './errors.ts';

interface Props {
  /** Offers to make an account instead. Default: false. */
  canSignUp?: boolean;
}

/** On success the session changes, and the page with it. */
export function SignInForm({ canSignUp = false }: Props) {
  const [isNew, setIsNew] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const [isSent, setIsSent] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [email, password] = [String(form.get('email')).trim(), String(form.get('password'))];
    setBusy(true);
    setProblem('');
    try {
      if (isNew) setIsSent(!(await signUp(email, password)));
      else await signIn(email, password);
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  }

  if (isSent)
    return <Notice tone="ok">Your account is made. Open the link in the e-mail you were sent, then come back.</Notice>;
  return (
    // POST: sent before the page's script runs, the password must not end up in the address.
    <form method="post" onSubmit={submit}>
      {problem && <Notice tone="danger">{problem}</Notice>}
      <Field label="E-mail" name="email" type="email" autoComplete="username" required autoFocus />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete={isNew ? 'new-password' : 'current-password'}
        minLength={isNew ? 12 : undefined}
        hint={isNew ? 'At least 12 characters.' : undefined}
        required
      />
      <Button type="submit" variant="primary" busy={busy} wide>
        {isNew ? 'Create account' : 'Sign in'}
      </Button>
      {canSignUp && (
        <Button variant="quiet" wide onClick={() => setIsNew(!isNew)}>
          {isNew ? 'I have an account' : 'I am new here'}
        </Button>
      )}
    </form>
  );
}
