'use client';
// Asks before a device is deleted; an owner may have its readings deleted, too.
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { type Device, deleteDevice } from '../devices/devices.ts';
import { useChange } from '../session/use-change.ts';
import { useCan } from '../tenants/tenant.tsx';
import styles from './deletion.module.css';
import { deleteDeviceData } from './deletions.ts';
import { WhatStays } from './what-stays.tsx';

export function DeleteDevice({ device, onClose }: { device: Device; onClose: () => void }) {
  const router = useRouter();
  const canDeleteData = useCan('manage the tenant');
  const [withReadings, setWithReadings] = useState(false);
  const remove = useChange({
    run: () => (withReadings ? deleteDeviceData(device.id, device.slug) : deleteDevice(device.id)),
    done: () =>
      withReadings
        ? t('{name} is deleted. Its readings follow.', { name: device.name })
        : t('{name} is deleted.', { name: device.name }),
    changes: ['devices', 'device', 'deletions'],
  });
  return (
    <Confirm
      title={t('Delete {name}?', { name: device.name })}
      action={withReadings ? t('Delete device and readings') : t('Delete device')}
      typed={device.slug}
      onClose={onClose}
      onConfirm={async () => {
        await remove.mutateAsync(undefined);
        router.replace('/admin/devices');
      }}
    >
      <p>
        {t('It is disconnected within seconds and cannot be restored.')}{' '}
        {withReadings
          ? t('Its readings and dead letters are deleted, including archived ones. Settings shows the progress.')
          : t('Its readings stay until retention removes them; no page shows them any more.')}
      </p>
      {canDeleteData && (
        <label className={styles.choice}>
          <input type="checkbox" checked={withReadings} onChange={({ target }) => setWithReadings(target.checked)} />
          {t('Delete its readings, too')}
        </label>
      )}
      {withReadings && <WhatStays />}
    </Confirm>
  );
}
