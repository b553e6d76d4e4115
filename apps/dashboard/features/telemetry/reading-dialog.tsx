'use client';
// One reading whole.
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { CopyBlock } from '../../ui/copy.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Facts } from '../../ui/facts.tsx';
import { formatTime } from '../../ui/format.ts';
import type { Reading } from './readings.ts';

export function ReadingDialog({ reading, onClose }: { reading: Reading; onClose: () => void }) {
  return (
    <Dialog title={t('Reading')} large onClose={onClose}>
      <Facts
        facts={[
          [t('Device time'), formatTime(new Date(reading.ts))],
          [t('Received'), formatTime(new Date(reading.received_at))],
          [t('Message id'), <code key="id">{reading.message_id}</code>],
        ]}
      />
      <CopyBlock text={JSON.stringify(reading.payload, null, 2)} label={t('payload')} />
      <DialogActions>
        <Button onClick={onClose}>{t('Close')}</Button>
      </DialogActions>
    </Dialog>
  );
}
