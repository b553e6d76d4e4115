'use client';
// Deletes the signed-in person's account, once they have typed their address.
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { signOut } from '../session/sign-out.ts';
import { useSubmit } from '../session/use-submit.tsx';
import { deleteAccount } from './deletions.ts';

export function DeleteAccountForm({ email }: { email: string }) {
  const [typed, setTyped] = useState('');
  const { busy, submit, problem } = useSubmit(async () => {
    await deleteAccount(typed);
    await signOut();
  });
  return (
    <form method="post" onSubmit={submit}>
      {problem}
      <p>
        {t(
          'You leave all your tenants at once, and can no longer sign in with this address. The tenants’ audit logs keep what you did, without your address. Backups keep your data until they expire, usually after 30 days. This cannot be undone.',
        )}
      </p>
      <Field
        label={t('Type {text} to confirm', { text: email })}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
      />
      <Button type="submit" variant="danger" busy={busy} disabled={typed !== email} wide>
        {t('Delete my account')}
      </Button>
    </form>
  );
}
