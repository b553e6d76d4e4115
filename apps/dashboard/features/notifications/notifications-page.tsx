'use client';
// Who is told of a tenant's alerts: the channels, the routes that lead to them, and what was sent.
import { t } from '../../language/translate.ts';
import { Notice } from '../../ui/notice.tsx';
import { PageHead } from '../../ui/page.tsx';
import { ChannelsSection } from './channels-section.tsx';
import { OutboxSection } from './outbox-section.tsx';
import { RoutesSection } from './routes-section.tsx';
import { useSender } from './use-notifications.ts';

export function NotificationsPage() {
  const { data: sender } = useSender();
  return (
    <>
      <PageHead
        title={t('Notifications')}
        about={t(
          'Who is told of this tenant’s alerts. A channel is where messages go; a route says which alerts go there, and when.',
        )}
      />
      {sender === null && (
        <Notice tone="warn">
          {t(
            'This platform has not sent anything yet, so it cannot take a webhook’s or a gateway’s secrets. If this stays, ask its operator.',
          )}
        </Notice>
      )}
      {sender?.mail_from === null && (
        <Notice tone="warn">
          {t('This platform sends no mail: use a webhook or a chat gateway, or ask its operator.')}
        </Notice>
      )}
      <ChannelsSection />
      <RoutesSection />
      <OutboxSection />
    </>
  );
}
