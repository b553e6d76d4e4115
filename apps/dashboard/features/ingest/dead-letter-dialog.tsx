'use client';
// One dead letter with its bytes.
import { Button } from '../../ui/button.tsx';
import { CopyBlock } from '../../ui/copy.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Facts } from '../../ui/facts.tsx';
import { formatBytes, formatTime } from '../../ui/format.ts';
import { type DeadLetter, isOpen } from './dead-letters.ts';
import { LetterState } from './letter-state.tsx';
import { showPayload } from './payload.ts';

interface Props {
  letter: DeadLetter;
  onClose: () => void;
  onRedrive: () => void;
}

export function DeadLetterDialog({ letter, onClose, onRedrive }: Props) {
  const { text, bytes, form } = showPayload(letter.payload);
  return (
    <Dialog title={`Dead letter ${letter.id}`} onClose={onClose}>
      <Facts
        facts={[
          ['State', <LetterState key="state" letter={letter} />],
          ['Reason', letter.reason],
          ['Explanation', letter.detail ?? 'none'],
          ['Topic', <code key="topic">{letter.topic}</code>],
          ['Received', formatTime(new Date(letter.received_at))],
          letter.message_id !== null && ['Message id', <code key="id">{letter.message_id}</code>],
          letter.content_type !== null && ['Content type', letter.content_type],
          letter.properties !== null && [
            'Properties',
            <code key="properties">{JSON.stringify(letter.properties)}</code>,
          ],
        ]}
      />
      <h3>
        Payload, {formatBytes(bytes)}
        {form === 'hex' && ', in hexadecimal'}
      </h3>
      <CopyBlock text={text} label="payload" />
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
        {isOpen(letter) && (
          <Button variant="primary" onClick={onRedrive}>
            Redrive
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}
