'use client';
// Invites someone: asks for address and role, then shows the link, once.
import { type FormEvent, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { CopyBlock } from '../../ui/copy.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Choice, Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { useChange } from '../session/use-change.ts';
import { LimitNote } from '../tenants/limit-note.tsx';
import { ROLE_MEANS, ROLES, type Role } from '../tenants/roles.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { createInvitation } from './members.ts';

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const { tenant } = useTenant();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const invite = useChange({
    run: () => createInvitation(tenant.tenant_id, email.trim(), role),
    done: () => t('{email} is invited.', { email: email.trim() }),
    changes: ['invitations', 'limits'],
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    invite.mutate();
  }
  if (invite.data) {
    return (
      <Dialog title={t('Invitation link')} onClose={onClose} firm>
        <Notice tone="warn">
          {t('This is the only time the link is shown. It works once, within 7 days, and only for {email}.', {
            email: email.trim(),
          })}
        </Notice>
        <CopyBlock text={`${location.origin}/invite?token=${encodeURIComponent(invite.data)}`} label={t('link')} />
        <DialogActions>
          <Button variant="primary" onClick={onClose}>
            {t('Done')}
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog title={t('Invite to {name}', { name: tenant.name })} onClose={onClose}>
      <form onSubmit={submit}>
        <Field
          label={t('E-mail')}
          type="email"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          hint={t('They sign in or create an account with this address.')}
          required
        />
        <Choice
          label={t('Role')}
          value={role}
          onChange={(event) => setRole(event.target.value as Role)}
          hint={`${t(ROLE_MEANS[role])}.`}
        >
          {ROLES.map((each) => (
            <option key={each} value={each}>
              {t(each)}
            </option>
          ))}
        </Choice>
        <LimitNote limit="max_members" noun="members" />
        <LimitNote limit="max_invitations" noun="open invitations" />
        <DialogActions>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button type="submit" variant="primary" busy={invite.isPending}>
            {t('Create link')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
