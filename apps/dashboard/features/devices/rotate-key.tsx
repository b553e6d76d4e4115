'use client';
// Gives a device a new key; the old one stops working.
import { useState } from 'react';
import { Confirm } from '../../ui/confirm.tsx';
import { type Device, rotateDevice } from './devices.ts';
import { KeyDialog } from './key-dialog.tsx';
import { useRegistryChange } from './use-devices.ts';

export function RotateKey({ device, onClose }: { device: Device; onClose: () => void }) {
  const [key, setKey] = useState<string>();
  const rotate = useRegistryChange(
    () => rotateDevice(device.id),
    () => `${device.name} has a new key.`,
  );
  if (key)
    return (
      <KeyDialog
        title={`New key of ${device.name}`}
        deviceId={device.id}
        slug={device.slug}
        keyText={key}
        onClose={onClose}
      />
    );
  return (
    <Confirm
      title={`Rotate the key of ${device.name}?`}
      action="Rotate key"
      onClose={onClose}
      onConfirm={async () => setKey(await rotate.mutateAsync(undefined))}
    >
      <p>The old key stops working within seconds: the device cannot connect until it has the new one.</p>
    </Confirm>
  );
}
