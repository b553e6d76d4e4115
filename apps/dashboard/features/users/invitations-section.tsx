'use client';
// Invitations that can still be accepted.
import { useQuery } from '@tanstack/react-query';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { polled } from '../session/queries.tsx';
import { useChange } from '../session/use-change.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { type Invitation, openInvitations, revokeInvitation } from './members.ts';

export function InvitationsSection() {
  const { tenant_id } = useTenant().tenant;
  const { data: invitations } = useQuery({
    queryKey: ['invitations', tenant_id],
    queryFn: () => openInvitations(tenant_id),
    ...polled(15_000),
  });
  const revoke = useChange({
    run: ({ id }: Invitation) => revokeInvitation(id),
    done: ({ email }) => t('The invitation for {email} is revoked; its link no longer works.', { email }),
    changes: ['invitations', 'limits'],
  });
  if (!invitations?.length) return null;
  const columns: Column<Invitation>[] = [
    { header: t('E-mail'), title: true, cell: ({ email }) => email },
    { header: t('Role'), cell: ({ role }) => t(role) },
    { header: t('Invited'), cell: ({ created_at }) => <Ago at={created_at} /> },
    { header: t('Expires'), cell: ({ expires_at }) => <Ago at={expires_at} /> },
    {
      header: t('Actions'),
      silent: true,
      cell: (invitation) => (
        <Button
          variant="quiet"
          aria-label={t('Revoke invitation of {email}', { email: invitation.email })}
          onClick={() => revoke.mutate(invitation)}
        >
          {t('Revoke')}
        </Button>
      ),
    },
  ];
  return (
    <Section title={t('Pending invitations')} flush>
      <DataTable caption={t('Pending invitations')} columns={columns} rows={invitations} keyOf={({ id }) => id} />
    </Section>
  );
}
