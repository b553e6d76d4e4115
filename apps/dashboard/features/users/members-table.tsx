'use client';
// The members, each with a role that owners can change.
import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { SmallChoice } from '../../ui/small-choice.tsx';
import { Ago } from '../../ui/time.tsx';
import { useSession } from '../session/session.tsx';
import { useChange } from '../session/use-change.ts';
import { ROLE_MEANS, ROLES, type Role } from '../tenants/roles.ts';
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
    done: ({ member, role }) => `${member.email} is now ${role}.`,
    changes: ['members', 'tenants'],
  });
  const remove = useChange({
    run: removeMember,
    done: ({ email }) => `${email} is no longer a member.`,
    changes: ['members', 'tenants'],
  });
  const columns: Column<Member>[] = [
    { header: 'E-mail', title: true, cell: (member) => `${member.email}${isMe(member) ? ' (you)' : ''}` },
    {
      header: 'Role',
      cell: (member) =>
        canManage && !isLastOwner(member) ? (
          <SmallChoice
            label={`Role of ${member.email}`}
            options={ROLES}
            value={member.role}
            onChange={(role) => setChanging({ member, role })}
          />
        ) : (
          member.role
        ),
    },
    { header: 'Member since', cell: ({ created_at }) => <Ago at={created_at} /> },
    {
      header: 'Actions',
      silent: true,
      cell: (member) =>
        (canManage || isMe(member)) &&
        !isLastOwner(member) && (
          <Button
            variant="quiet"
            aria-label={`${isMe(member) ? 'Leave' : 'Remove'} ${member.email}`}
            onClick={() => setLeaving(member)}
          >
            {isMe(member) ? 'Leave' : 'Remove'}
          </Button>
        ),
    },
  ];
  return (
    <>
      <DataTable caption="Members" columns={columns} rows={members} keyOf={({ user_id }) => user_id} />
      {changing && (
        <Confirm
          title={`Make ${changing.member.email} ${changing.role}?`}
          action={`Make ${changing.role}`}
          onClose={() => setChanging(undefined)}
          onConfirm={async () => {
            await change.mutateAsync(changing);
            setChanging(undefined);
          }}
        >
          <p>
            {changing.role}: {ROLE_MEANS[changing.role].replace(/^./, (first) => first.toLowerCase())}. It takes effect
            at once.
            {isMe(changing.member) && ' You cannot undo it yourself.'}
          </p>
        </Confirm>
      )}
      {leaving && (
        <Confirm
          title={isMe(leaving) ? `Leave ${tenant.name}?` : `Remove ${leaving.email}?`}
          action={isMe(leaving) ? 'Leave tenant' : 'Remove member'}
          onClose={() => setLeaving(undefined)}
          onConfirm={async () => {
            await remove.mutateAsync(leaving);
            setLeaving(undefined);
          }}
        >
          <p>Access ends at once. Coming back needs a new invitation.</p>
        </Confirm>
      )}
    </>
  );
}
