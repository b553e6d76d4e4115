'use client';
// What owners and staff can do with a device.
import { Cable, KeyRound, Pencil, SlidersHorizontal, Tag, Trash2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { Suspense, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Switch } from '../../ui/switch.tsx';
import styles from './device-actions.module.css';
import { type Device, setDeviceEnabled } from './devices.ts';
import { RenameDevice } from './rename-device.tsx';
import { useRegistryChange } from './use-devices.ts';

const BulkDialog = dynamic(() => import('./bulk-dialog.tsx').then(({ BulkDialog }) => BulkDialog));
const ConnectDialog = dynamic(() => import('./connect-dialog.tsx').then(({ ConnectDialog }) => ConnectDialog));
const ReadingRules = dynamic(() =>
  import('./reading-rules-dialog.tsx').then(({ ReadingRulesDialog }) => ReadingRulesDialog),
);
const DeleteDevice = dynamic(() => import('../deletion/delete-device.tsx').then(({ DeleteDevice }) => DeleteDevice));
const RotateKey = dynamic(() => import('./rotate-key.tsx').then(({ RotateKey }) => RotateKey));

export function DeviceActions({ device }: { device: Device }) {
  const [open, setOpen] = useState<'connect' | 'rename' | 'tags' | 'messages' | 'rotate' | 'delete'>();
  const close = () => setOpen(undefined);
  const enable = useRegistryChange(
    (enabled: boolean) => setDeviceEnabled(device.id, enabled),
    (enabled) =>
      enabled ? `${device.name} can connect again.` : `${device.name} is disabled. It is disconnected within seconds.`,
  );
  return (
    <>
      <span className={styles.enabled}>
        <span aria-hidden>Enabled</span>
        <Switch
          label="Enabled"
          checked={device.enabled}
          busy={enable.isPending}
          onChange={() => enable.mutate(!device.enabled)}
        />
      </span>
      <Button onClick={() => setOpen('connect')}>
        <Cable aria-hidden />
        Connect
      </Button>
      <Button onClick={() => setOpen('rename')}>
        <Pencil aria-hidden />
        Rename
      </Button>
      <Button onClick={() => setOpen('tags')}>
        <Tag aria-hidden />
        Tags
      </Button>
      <Button onClick={() => setOpen('messages')}>
        <SlidersHorizontal aria-hidden />
        Messages
      </Button>
      <Button onClick={() => setOpen('rotate')}>
        <KeyRound aria-hidden />
        Rotate key
      </Button>
      <Button onClick={() => setOpen('delete')}>
        <Trash2 aria-hidden />
        Delete
      </Button>
      {/* A boundary of its own: the page would vanish until the dialog is loaded. */}
      <Suspense>
        {open === 'connect' && <ConnectDialog device={device} onClose={close} />}
        {open === 'tags' && <BulkDialog kind="tag" ids={[device.id]} tags={[]} onClose={close} />}
        {open === 'rename' && <RenameDevice device={device} onClose={close} />}
        {open === 'messages' && <ReadingRules device={device} onClose={close} />}
        {open === 'rotate' && <RotateKey device={device} onClose={close} />}
        {open === 'delete' && <DeleteDevice device={device} onClose={close} />}
      </Suspense>
    </>
  );
}
