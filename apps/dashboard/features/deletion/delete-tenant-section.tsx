'use client';
// Deleting the tenant: an owner asks for it, and can cancel it until it begins.
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { formatTime } from '../../ui/format.ts';
import { Section } from '../../ui/page.tsx';
import { useChange } from '../session/use-change.ts';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import styles from './deletion.module.css';
import { type Deletion, deleteTenant, keepTenant } from './deletions.ts';
import { useTenantDeletion } from './use-deletions.ts';
import { WhatStays } from './what-stays.tsx';

export function DeleteTenantSection() {
  const canManage = useCan('manage the tenant');
  const deletion = useTenantDeletion();
  if (!canManage) return null;
  return <Section title={t('Delete this tenant')}>{deletion ? <Asked deletion={deletion} /> : <Ask />}</Section>;
}

function Ask() {
  const { tenant } = useTenant();
  const [isAsking, setIsAsking] = useState(false);
  const remove = useChange({
    run: (name: string) => deleteTenant(tenant.tenant_id, name),
    done: () => t('{name} will be deleted in 7 days.', { name: tenant.name }),
    changes: ['deletions', 'audit'],
  });
  return (
    <div className={styles.row}>
      <p>
        {t(
          'Devices are disconnected at once. After 7 days, devices, readings, rules, members and everything else in this tenant are deleted. Until then, an owner can cancel the deletion.',
        )}
      </p>
      <Button variant="danger" onClick={() => setIsAsking(true)}>
        <Trash2 aria-hidden />
        {t('Delete tenant')}
      </Button>
      {isAsking && (
        <Confirm
          title={t('Delete {name}?', { name: tenant.name })}
          action={t('Delete tenant')}
          typed={tenant.name}
          onClose={() => setIsAsking(false)}
          onConfirm={async () => {
            await remove.mutateAsync(tenant.name);
            setIsAsking(false);
          }}
        >
          <p>
            {t(
              'Its devices are disconnected within seconds. After 7 days everything in it is deleted: devices and their keys, readings (including archived ones), dead letters, rules, alerts, channels, usage and the audit log. Members then lose access, and accounts that belong to no other tenant are deleted.',
            )}
          </p>
          <WhatStays />
        </Confirm>
      )}
    </div>
  );
}

function Asked({ deletion }: { deletion: Deletion }) {
  const { tenant } = useTenant();
  const keep = useChange({
    run: () => keepTenant(tenant.tenant_id),
    done: () => t('{name} is kept. Its devices can connect again.', { name: tenant.name }),
    changes: ['deletions', 'audit'],
  });
  return (
    <div className={styles.row}>
      <p>
        {t(
          'The deletion begins on {time}. Until then devices cannot connect, and members see everything as before. Download what you need.',
          { time: formatTime(new Date(deletion.due_at)) },
        )}
      </p>
      <Button variant="primary" busy={keep.isPending} onClick={() => keep.mutate(undefined)}>
        {t('Keep this tenant')}
      </Button>
    </div>
  );
}
