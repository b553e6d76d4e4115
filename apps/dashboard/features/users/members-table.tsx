'use client';
// The members, each with a role that owners can change.
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { SmallChoice } from '../../ui/small-choice.tsx';
import { Ago } from '../../ui/time.tsx';
import { useSession } from '../session/session.tsx';
import { useChange } from '../session/use-change.ts';
import { lowerFirst, ROLE_MEANS, ROLES, type Role } from '../tenants/roles.ts';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import { changeRole, type Member, removeMember } from './members.ts';

export function MembersTable({ members }: { members: Member[] }) {
  const { tenant } = useTenant();
  const session = useSession();
  const canManage = useCan('manage members');
  const [leaving, setLeaving] = useState<Member>();
  const [changing, setChanging] = useState<{ member: Member; role: Role }>();
  const myId = session.status === 'signed-in' ? session.session.user.id : undefined;
  const isMe = ({ user_id }: Member) => user_id === myId;
  const owners = members.filter(({ role }) => role === 'owner').length;
  // The database refuses it too: a tenant without an owner could never be managed again.
  const isLastOwner = ({ role }: Member) => role === 'owner' && owners === 1;
  const change = useChange({
    run: ({ member, role }: { member: Member; role: Role }) => changeRole(member, role),
    done: ({ member, role }) => t('{email} is now {role}.', { email: member.email, role: t(role) }),
    changes: ['members', 'tenants'],
  });
  const remove = useChange({
    run: removeMember,
    done: ({ email }) => t('{email} is no longer a member.', { email }),
    changes: ['members', 'tenants'],
  });
  const columns: Column<Member>[] = [
    {
      header: t('E-mail'),
      title: true,
      cell: (member) => (isMe(member) ? t('{email} (you)', { email: member.email }) : member.email),
    },
    {
      header: t('Role'),
      cell: (member) =>
        canManage && !isLastOwner(member) ? (
          <SmallChoice
            label={t('Role of {email}', { email: member.email })}
            options={ROLES.map((value) => ({ value, label: t(value) }))}
            value={member.role}
            onChange={(role) => setChanging({ member, role })}
          />
        ) : (
          t(member.role)
        ),
    },
    { header: t('Member since'), cell: ({ created_at }) => <Ago at={created_at} /> },
    {
      header: t('Actions'),
      silent: true,
      cell: (member) =>
        (canManage || isMe(member)) &&
        !isLastOwner(member) && (
          <Button
            variant="quiet"
            aria-label={
              isMe(member) ? t('Leave {name}', { name: member.email }) : t('Remove {name}', { name: member.email })
            }
            onClick={() => setLeaving(member)}
          >
            {isMe(member) ? t('Leave') : t('Remove')}
          </Button>
        ),
    },
  ];
  return (
    <>
      <DataTable caption={t('Members')} columns={columns} rows={members} keyOf={({ user_id }) => user_id} />
      {changing && (
        <Confirm
          title={t('Make {email} {role}?', { email: changing.member.email, role: t(changing.role) })}
          action={t('Make {role}', { role: t(changing.role) })}
          onClose={() => setChanging(undefined)}
          onConfirm={async () => {
            await change.mutateAsync(changing);
            setChanging(undefined);
          }}
        >
          <p>
            {t('{role}: {means}. It takes effect at once.', {
              role: t(changing.role),
              means: lowerFirst(t(ROLE_MEANS[changing.role])),
            })}
            {isMe(changing.member) && ` ${t('You cannot undo it yourself.')}`}
          </p>
        </Confirm>
      )}
      {leaving && (
        <Confirm
          title={
            isMe(leaving) ? t('Leave {name}?', { name: tenant.name }) : t('Remove {name}?', { name: leaving.email })
          }
          action={isMe(leaving) ? t('Leave tenant') : t('Remove member')}
          onClose={() => setLeaving(undefined)}
          onConfirm={async () => {
            await remove.mutateAsync(leaving);
            setLeaving(undefined);
          }}
        >
          <p>{t('Access ends at once. Coming back needs a new invitation.')}</p>
        </Confirm>
      )}
    </>
  );
}
