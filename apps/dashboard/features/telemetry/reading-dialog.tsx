'use client';
// One reading whole.
import { Button } from '../../ui/button.tsx';
import { CopyBlock } from '../../ui/copy.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Facts } from '../../ui/facts.tsx';
import { formatTime } from '../../ui/format.ts';
import type { Reading } from './readings.ts';

export function ReadingDialog({ reading, onClose }: { reading: Reading; onClose: () => void }) {
  return (
    <Dialog title="Reading" large onClose={onClose}>
      <Facts
        facts={[
          ['Device time', formatTime(new Date(reading.ts))],
          ['Received', formatTime(new Date(reading.received_at))],
          ['Message id', <code key="id">{reading.message_id}</code>],
        ]}
      />
      <CopyBlock text={JSON.stringify(reading.payload, null, 2)} label="payload" />
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
      </DialogActions>
    </Dialog>
  );
}
