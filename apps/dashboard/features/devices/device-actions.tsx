'use client';
// What owners and staff can do with a device.
import { Cable, KeyRound, Pencil, SlidersHorizontal, Tag, Trash2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Switch } from '../../ui/switch.tsx';
import styles from './device-actions.module.css';
import { type Device, setDeviceEnabled } from './devices.ts';
import { RenameDevice } from './rename-device.tsx';
import { useRegistryChange } from './use-devices.ts';

// Without `ssr: false` the whole page is hidden until the dialog is there.
const BulkDialog = dynamic(() => import('./bulk-dialog.tsx').then(({ BulkDialog }) => BulkDialog), { ssr: false });
const ConnectDialog = dynamic(() => import('./connect-dialog.tsx').then(({ ConnectDialog }) => ConnectDialog), {
  ssr: false,
});
const ReadingRules = dynamic(
  () => import('./reading-rules-dialog.tsx').then(({ ReadingRulesDialog }) => ReadingRulesDialog),
  { ssr: false },
);
const DeleteDevice = dynamic(() => import('../deletion/delete-device.tsx').then(({ DeleteDevice }) => DeleteDevice), {
  ssr: false,
});
const RotateKey = dynamic(() => import('./rotate-key.tsx').then(({ RotateKey }) => RotateKey), { ssr: false });

export function DeviceActions({ device }: { device: Device }) {
  const [open, setOpen] = useState<'connect' | 'rename' | 'tags' | 'messages' | 'rotate' | 'delete'>();
  const close = () => setOpen(undefined);
  const enable = useRegistryChange(
    (enabled: boolean) => setDeviceEnabled(device.id, enabled),
    (enabled) =>
      enabled
        ? t('{name} can connect again.', { name: device.name })
        : t('{name} is disabled. It is disconnected within seconds.', { name: device.name }),
  );
  return (
    <>
      <span className={styles.enabled}>
        <span aria-hidden>{t('Enabled')}</span>
        <Switch
          label={t('Enabled')}
          checked={device.enabled}
          busy={enable.isPending}
          onChange={() => enable.mutate(!device.enabled)}
        />
      </span>
      <Button onClick={() => setOpen('connect')}>
        <Cable aria-hidden />
        {t('Connect')}
      </Button>
      <Button onClick={() => setOpen('rename')}>
        <Pencil aria-hidden />
        {t('Rename')}
      </Button>
      <Button onClick={() => setOpen('tags')}>
        <Tag aria-hidden />
        {t('Tags')}
      </Button>
      <Button onClick={() => setOpen('messages')}>
        <SlidersHorizontal aria-hidden />
        {t('Messages')}
      </Button>
      <Button onClick={() => setOpen('rotate')}>
        <KeyRound aria-hidden />
        {t('Rotate key')}
      </Button>
      <Button onClick={() => setOpen('delete')}>
        <Trash2 aria-hidden />
        {t('Delete')}
      </Button>
      {open === 'connect' && <ConnectDialog device={device} onClose={close} />}
      {open === 'tags' && <BulkDialog kind="tag" ids={[device.id]} onClose={close} />}
      {open === 'rename' && <RenameDevice device={device} onClose={close} />}
      {open === 'messages' && <ReadingRules device={device} onClose={close} />}
      {open === 'rotate' && <RotateKey device={device} onClose={close} />}
      {open === 'delete' && <DeleteDevice device={device} onClose={close} />}
    </>
  );
}
