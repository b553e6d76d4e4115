'use client';
// A test message to a channel, and what becomes of it.
import { useQuery } from '@tanstack/react-query';
import { foreign, t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import type { Channel } from './channels.ts';
import { findNotification, type Notification } from './outbox.ts';

interface Props {
  channel: Channel;
  /** Of its notification; undefined until it is in the outbox. */
  id: string | undefined;
  /** Why it is not there. */
  problem: Error | null;
  onClose: () => void;
}

export function TestDialog({ channel, id, problem, onClose }: Props) {
  const { data: sent, error } = useQuery({
    queryKey: ['notifications', 'test', id],
    queryFn: async () => (await findNotification(id as string)) ?? null,
    enabled: id !== undefined,
    ...polled(1000),
  });
  const failure = problem ?? error;
  return (
    <Dialog title={t('Test of {name}', { name: channel.name })} onClose={onClose}>
      {failure ? (
        <Notice tone="danger">{messageOf(failure)}</Notice>
      ) : (
        <Result sent={sent ?? undefined} destination={channel.destination} />
      )}
      <DialogActions>
        <Button variant="primary" onClick={onClose}>
          {t('Close')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function Result({ sent, destination }: { sent: Notification | undefined; destination: string }) {
  if (sent?.state === 'sent')
    return <Notice tone="ok">{t('The message was sent to {destination}, which took it.', { destination })}</Notice>;
  if (sent && sent.state !== 'waiting')
    return <Notice tone="danger">{t('It was not sent. {error}', { error: foreign(sent.error ?? '') })}</Notice>;
  if (sent?.error) {
    return (
      <Notice tone="warn">
        {t('The attempt failed: {error} It is tried again for a day; correct the channel, or delete it.', {
          error: foreign(sent.error),
        })}
      </Notice>
    );
  }
  return (
    <Notice tone="neutral">
      {t('The message waits to be sent to {destination}, within a minute.', { destination })}
    </Notice>
  );
}
