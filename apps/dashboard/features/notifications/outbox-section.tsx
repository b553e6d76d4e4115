'use client';
// What was sent to the tenant's channels lately, or waits, or failed.
import { useQuery } from '@tanstack/react-query';
import { Inbox } from 'lucide-react';
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Notice } from '../../ui/notice.tsx';
import { Empty, Section, Skeleton } from '../../ui/page.tsx';
import { ShowMore } from '../../ui/show-more.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { NotificationTable } from './notification-table.tsx';
import { recentNotifications } from './outbox.ts';

/** Notifications shown at first, and as many more each time. */
const STEP = 50;

export function OutboxSection() {
  const { tenant_id } = useTenant().tenant;
  const [most, setMost] = useState(STEP);
  const { data, error } = useQuery({
    queryKey: ['notifications', tenant_id, most],
    queryFn: () => recentNotifications(tenant_id, most),
    ...polled(5000),
  });
  return (
    <Section title={t('Messages of the last 30 days')} flush>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!data && !error && <Skeleton lines={4} label={t('Loading messages')} />}
      {data && data.rows.length > 0 && <NotificationTable caption={t('Messages')} notifications={data.rows} />}
      {data?.more && <ShowMore shown={data.rows.length} onMore={() => setMost(most + STEP)} />}
      {data?.rows.length === 0 && (
        <Empty icon={<Inbox />} title={t('Nothing was sent yet')}>
          {t('Each message appears here with its attempts and what became of it.')}
        </Empty>
      )}
    </Section>
  );
}
