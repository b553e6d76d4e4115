'use client';
// Requests an e-mail with a link to set a new password. The answer is the same whether or not there is an account.
import { type FormEvent, useEffect, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { requestReset } from './account.ts';
import { loadConfig } from './config.ts';
import { messageOf } from './errors.ts';

/** @param next where the mailed link leads on to, once the password is set. */
export function ResetForm({ next }: { next: string }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const [sentTo, setSentTo] = useState('');
  const [sendsMail, setSendsMail] = useState(true);
  useEffect(() => {
    loadConfig().then(
      (config) => setSendsMail(config.sendsMail),
      () => {},
    );
  }, []);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const email = String(new FormData(event.currentTarget).get('email')).trim();
    setBusy(true);
    setProblem('');
    try {
      await requestReset(email, next);
      setSentTo(email);
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  }

  if (sentTo) {
    return (
      <Notice tone="ok">
        {t(
          'If {email} has an account, an e-mail with a link is on its way. The link works once, for a limited time, in any browser. Nothing there? Look in your spam folder, and ask again in a few minutes.',
          { email: sentTo },
        )}
        {!sendsMail &&
          ` ${t('This platform sends no mail: its operator finds the link in front-door.log or with “compose logs api”.')}`}
      </Notice>
    );
  }
  return (
    <form method="post" onSubmit={submit}>
      {problem && <Notice tone="danger">{problem}</Notice>}
      <Field label={t('E-mail')} name="email" type="email" autoComplete="username" required />
      <Button type="submit" variant="primary" busy={busy} wide>
        {t('Send link')}
      </Button>
    </form>
  );
}
