'use client';
// A new password, with what the auth service wants besides: a mailed code when the sign-in is old ("secure password change"),
// the current password where it is set up so.
import { type FormEvent, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { type AccountError, type Auth, changePassword, sendCode } from './account.ts';
import { messageOf } from './errors.ts';

interface Props {
  email: string;
  auth: () => Promise<Auth>;
  /** The current password is accepted as the new one: the person who types it knows it. Default: false. */
  mayStay?: boolean;
  onDone: () => void | Promise<void>;
}

export function PasswordForm({ email, auth, mayStay = false, onDone }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const [wants, setWants] = useState({ code: false, current: false });

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const password = String(form.get('password'));
    const nonce = String(form.get('code') ?? '').trim();
    const current = String(form.get('current') ?? '');
    setBusy(true);
    setProblem('');
    try {
      const client = await auth();
      const change = { password, ...(nonce && { nonce }), ...(current && { current_password: current }) };
      await changePassword(client, change).catch(async (error) => {
        const { code } = error as Partial<AccountError>;
        if (code === 'same_password' && mayStay) return;
        if (code === 'current_password_required') setWants((known) => ({ ...known, current: true }));
        if (code === 'reauthentication_needed') {
          // First: one that was sent a moment ago is as good, and then no other is sent.
          setWants((known) => ({ ...known, code: true }));
          await sendCode(client);
        }
        throw error;
      });
      await onDone();
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  }

  const sendAgain = async () => {
    setProblem('');
    await sendCode(await auth()).catch((error) => setProblem(messageOf(error)));
  };

  return (
    <form method="post" onSubmit={submit}>
      {problem && <Notice tone="danger">{problem}</Notice>}
      {/* Password managers keep the password under this name. */}
      <input type="text" name="email" autoComplete="username" value={email} readOnly hidden />
      {wants.current && (
        <Field label={t('Current password')} name="current" type="password" autoComplete="current-password" required />
      )}
      <Field
        label={t('New password')}
        name="password"
        type="password"
        autoComplete="new-password"
        minLength={12}
        maxLength={72}
        hint={t('At least 12 characters.')}
        required
        autoFocus
      />
      {wants.code && (
        <>
          <Field
            label={t('Code')}
            name="code"
            inputMode="numeric"
            autoComplete="one-time-code"
            hint={t('It was sent to {email}.', { email })}
            required
            autoFocus
          />
          <Button wide onClick={() => sendAgain()}>
            {t('Send another code')}
          </Button>
        </>
      )}
      <Button type="submit" variant="primary" busy={busy} wide>
        {t('Set password')}
      </Button>
    </form>
  );
}
