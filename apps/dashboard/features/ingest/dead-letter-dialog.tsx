'use client';
// One dead letter with its bytes.
import { useQuery } from '@tanstack/react-query';
import { foreign, t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { CopyBlock } from '../../ui/copy.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Facts } from '../../ui/facts.tsx';
import { formatBytes, formatTime } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { messageOf } from '../session/errors.ts';
import { type DeadLetter, isOpen, type LetterContent, letterContent } from './dead-letters.ts';
import { LetterState } from './letter-state.tsx';
import { showPayload } from './payload.ts';

interface Props {
  letter: DeadLetter;
  onClose: () => void;
  onRedrive: () => void;
}

export function DeadLetterDialog({ letter, onClose, onRedrive }: Props) {
  const { data: content, error } = useQuery({
    queryKey: ['dead-letter', letter.id],
    queryFn: async () => (await letterContent(letter.id)) ?? null,
    // It never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Dialog title={t('Dead letter {id}', { id: letter.id })} onClose={onClose}>
      <Facts
        facts={[
          [t('State'), <LetterState key="state" letter={letter} />],
          [t('Reason'), letter.reason],
          [t('Explanation'), letter.detail === null ? t('none') : foreign(letter.detail)],
          [t('Topic'), <code key="topic">{letter.topic}</code>],
          [t('Received'), formatTime(new Date(letter.received_at))],
          content?.message_id != null && [t('Message id'), <code key="id">{content.message_id}</code>],
          content?.content_type != null && [t('Content type'), content.content_type],
          content?.properties != null && [
            t('Properties'),
            <code key="properties">{JSON.stringify(content.properties)}</code>,
          ],
        ]}
      />
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {content === null && <Notice tone="danger">{t('This dead letter no longer exists.')}</Notice>}
      {content === undefined && !error && <Skeleton lines={3} label={t('Loading payload')} />}
      {content && <Payload content={content} />}
      <DialogActions>
        <Button onClick={onClose}>{t('Close')}</Button>
        {isOpen(letter) && (
          <Button variant="primary" onClick={onRedrive}>
            {t('Redrive')}
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}

function Payload({ content }: { content: LetterContent }) {
  const { text, bytes, form } = showPayload(content.payload);
  return (
    <>
      <h3>
        {form === 'hex'
          ? t('Payload, {bytes}, in hexadecimal', { bytes: formatBytes(bytes) })
          : t('Payload, {bytes}', { bytes: formatBytes(bytes) })}
      </h3>
      <CopyBlock text={text} label={t('payload')} />
    </>
  );
}
