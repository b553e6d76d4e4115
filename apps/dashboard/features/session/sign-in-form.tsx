'use client';
// Signing in with e-mail and password; for an invited person without an account, making one.
import { type FormEvent, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { signIn, signUp } from './account.ts';
import { messageOf } from './errors.ts';

interface Props {
  /** The page to show after sign-in; a mailed link leads there as well. */
  next: string;
  /** Offers to create an account instead. Default: false. */
  canSignUp?: boolean;
}

/** On success the session changes, and the page with it. */
export function SignInForm({ next, canSignUp = false }: Props) {
  const [isNew, setIsNew] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const [askedFor, setAskedFor] = useState('');

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [email, password] = [String(form.get('email')).trim(), String(form.get('password'))];
    setBusy(true);
    setProblem('');
    try {
      if (!isNew) await signIn(email, password);
      else if (!(await signUp(email, password, next))) {
        setAskedFor(email);
        setIsNew(false);
      }
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    // POST: sent before the page's script runs, the password must not end up in the address.
    <form method="post" onSubmit={submit}>
      {problem && <Notice tone="danger">{problem}</Notice>}
      {askedFor && (
        // True for a new address and for one that has an account: the service does not say which, nor may the page.
        <Notice tone="neutral">
          {t(
            'If {email} had no account, an e-mail with a link is on its way: open it in any browser to continue. If none arrives, there is an account already: sign in, or set a new password.',
            { email: askedFor },
          )}
        </Notice>
      )}
      <Field label={t('E-mail')} name="email" type="email" autoComplete="username" required autoFocus />
      <Field
        label={t('Password')}
        name="password"
        type="password"
        autoComplete={isNew ? 'new-password' : 'current-password'}
        minLength={isNew ? 12 : undefined}
        maxLength={isNew ? 72 : undefined}
        hint={isNew ? t('At least 12 characters.') : undefined}
        required
      />
      <Button type="submit" variant="primary" busy={busy} wide>
        {isNew ? t('Create account') : t('Sign in')}
      </Button>
      {canSignUp && (
        <Button variant="quiet" wide onClick={() => setIsNew(!isNew)}>
          {isNew ? t('I have an account') : t('Create an account')}
        </Button>
      )}
      {!isNew && (
        <ButtonLink variant="quiet" wide href={`/forgotten?next=${encodeURIComponent(next)}`}>
          {t('Forgotten your password?')}
        </ButtonLink>
      )}
    </form>
  );
}
