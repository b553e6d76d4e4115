'use client';
// On an alert: how much of it was told, and, on request, what to whom.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { NotificationTable } from './notification-table.tsx';
import styles from './notifications.module.css';
import { type NotificationCounts, notificationCounts, notificationsOf } from './outbox.ts';
import { countWords } from './words.ts';

/** Of these alerts, by id. */
export function useCounts(alertIds: readonly string[]): Map<string, NotificationCounts> | undefined {
  const { tenant_id } = useTenant().tenant;
  return useQuery({
    queryKey: ['notifications', tenant_id, 'counts', alertIds],
    queryFn: () => notificationCounts(tenant_id, alertIds),
    select: (counts) => new Map(counts.map((count) => [count.alert_id, count])),
    enabled: alertIds.length > 0,
    ...polled(5000),
  }).data;
}

interface Props {
  alertId: string;
  /** For the dialog: the rule's name. */
  title: string;
  counts: Map<string, NotificationCounts> | undefined;
}

export function Told({ alertId, title, counts }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  const words = countWords(counts?.get(alertId));
  if (!words) return counts ? t('nobody') : '–';
  return (
    <>
      <Button
        variant="quiet"
        className={styles.told}
        aria-label={t('{words}: show what was told of {title}', { words, title })}
        onClick={() => setIsOpen(true)}
      >
        {words}
      </Button>
      {isOpen && <ToldDialog alertId={alertId} title={title} onClose={() => setIsOpen(false)} />}
    </>
  );
}

/** Notifications shown: an alert that is repeated every 5 minutes has many. */
const MOST = 100;

function ToldDialog({ alertId, title, onClose }: { alertId: string; title: string; onClose: () => void }) {
  const { tenant_id } = useTenant().tenant;
  const { data, error } = useQuery({
    queryKey: ['notifications', tenant_id, 'alert', alertId],
    queryFn: () => notificationsOf(tenant_id, alertId, MOST),
    ...polled(5000),
  });
  return (
    <Dialog title={t('Told of {title}', { title })} onClose={onClose} large>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!data && !error && <Skeleton lines={3} label={t('Loading messages')} />}
      {data && <NotificationTable caption={t('Messages of {title}', { title })} notifications={data.rows} ofOneAlert />}
      {data?.more && <p>{t('Only the newest {most} are shown.', { most: MOST })}</p>}
    </Dialog>
  );
}
