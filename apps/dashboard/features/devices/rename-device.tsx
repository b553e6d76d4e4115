'use client';
import { type FormEvent, useState } from 'react';
import { MAX_NAME_LENGTH } from '../../../../domain/identifiers.ts';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { type Device, renameDevice } from './devices.ts';
import { useRegistryChange } from './use-devices.ts';

/** Changes the name that people see; the slug and the topics stay. */
export function RenameDevice({ device, onClose }: { device: Device; onClose: () => void }) {
  const [name, setName] = useState(device.name);
  const rename = useRegistryChange(
    (to: string) => renameDevice(device.id, to),
    (to) => t('The device is now called {to}.', { to }),
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    rename.mutate(name.trim(), { onSuccess: onClose });
  }
  return (
    <Dialog title={t('Rename device')} onClose={onClose}>
      <form onSubmit={submit}>
        <Field
          label={t('Name')}
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={MAX_NAME_LENGTH}
          required
        />
        <DialogActions>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button type="submit" variant="primary" busy={rename.isPending}>
            {t('Rename')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
