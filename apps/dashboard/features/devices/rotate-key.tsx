'use client';
// Gives a device a new key; the old one stops working.
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { type Device, rotateDevice } from './devices.ts';
import { KeyDialog } from './key-dialog.tsx';
import { useRegistryChange } from './use-devices.ts';

export function RotateKey({ device, onClose }: { device: Device; onClose: () => void }) {
  const [key, setKey] = useState<string>();
  const rotate = useRegistryChange(
    () => rotateDevice(device.id),
    () => t('{name} has a new key.', { name: device.name }),
  );
  if (key)
    return (
      <KeyDialog
        title={t('New key of {name}', { name: device.name })}
        deviceId={device.id}
        slug={device.slug}
        keyText={key}
        onClose={onClose}
      />
    );
  return (
    <Confirm
      title={t('Rotate the key of {name}?', { name: device.name })}
      action={t('Rotate key')}
      onClose={onClose}
      onConfirm={async () => setKey(await rotate.mutateAsync(undefined))}
    >
      <p>{t('The old key stops working within seconds: the device cannot connect until it has the new one.')}</p>
    </Confirm>
  );
}
