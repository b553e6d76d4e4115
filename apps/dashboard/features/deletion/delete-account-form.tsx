'use client';
// Deletes the signed-in person's account, once they have typed their address.
import { type FormEvent, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { signOut } from '../session/account.ts';
import { messageOf } from '../session/errors.ts';
import { deleteAccount } from './deletions.ts';

export function DeleteAccountForm({ email }: { email: string }) {
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem('');
    try {
      await deleteAccount(typed);
      await signOut();
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  }
  return (
    <form method="post" onSubmit={submit}>
      {problem && <Notice tone="danger">{problem}</Notice>}
      <p>
        You leave all your tenants at once, and nobody can sign in with this address any more. Their audit logs keep
        what you did, without your address. Backups keep it until they expire, 30 days in general. It cannot be undone.
      </p>
      <Field
        label={`Type ${email} to confirm`}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
      />
      <Button type="submit" variant="danger" busy={busy} disabled={typed !== email} wide>
        Delete my account
      </Button>
    </form>
  );
}
