'use client';
// The tenant's members with their roles, and open invitations.
import { useQuery } from '@tanstack/react-query';
import { UserPlus } from 'lucide-react';
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PageHead, Section, Skeleton } from '../../ui/page.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import { InvitationsSection } from './invitations-section.tsx';
import { InviteDialog } from './invite-dialog.tsx';
import { listMembers } from './members.ts';
import { MembersTable } from './members-table.tsx';

const POLL_MS = 15_000;

export function UsersPage() {
  const { tenant } = useTenant();
  const canManage = useCan('manage members');
  const [isInviting, setIsInviting] = useState(false);
  const { data: members, error } = useQuery({
    queryKey: ['members', tenant.tenant_id],
    queryFn: () => listMembers(tenant.tenant_id),
    ...polled(POLL_MS),
  });
  return (
    <>
      <PageHead
        title={t('Users')}
        about={t('Who has access to {name}, and in which role.', { name: tenant.name })}
        actions={
          canManage && (
            <Button variant="primary" onClick={() => setIsInviting(true)}>
              <UserPlus aria-hidden />
              {t('Invite')}
            </Button>
          )
        }
      />
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      <Section title={t('Members')} flush>
        {members ? <MembersTable members={members} /> : !error && <Skeleton lines={3} label={t('Loading members')} />}
      </Section>
      {canManage && <InvitationsSection />}
      {isInviting && <InviteDialog onClose={() => setIsInviting(false)} />}
    </>
  );
}
