'use client';
// The audit log, newest first.
import { useInfiniteQuery } from '@tanstack/react-query';
import { ScrollText } from 'lucide-react';
import { useDeferredValue } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { formatTime } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { Empty, PageHead, Section, Skeleton } from '../../ui/page.tsx';
import { useDevices } from '../devices/use-devices.ts';
import { messageOf } from '../session/errors.ts';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import { type AuditEntry, auditEntries } from './audit.ts';
import styles from './audit-page.module.css';
import { describeAction, describeChanges, describeMany } from './describe.ts';

const PAGE = 50;

export function AuditPage() {
  const canRead = useCan('read the audit log');
  return (
    <>
      <PageHead title={t('Audit log')} about={t('Who changed what. Entries cannot be altered.')} />
      {canRead ? <Entries /> : <Notice tone="warn">{t('Only owners can read the audit log.')}</Notice>}
    </>
  );
}

function Entries() {
  const { tenant_id } = useTenant().tenant;
  const { data: devices } = useDevices();
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['audit', tenant_id],
    queryFn: ({ pageParam }) => auditEntries(tenant_id, PAGE, pageParam),
    initialPageParam: undefined as AuditEntry | undefined,
    getNextPageParam: ({ rows, more }) => (more ? rows.at(-1) : undefined),
  });
  // Fifty rows and more are drawn in slices, as useSliced() does.
  const pages = useDeferredValue(data?.pages);
  const entries = pages?.flatMap(({ rows }) => rows) ?? [];
  // Entries about keys and commands have the device's id.
  const nameOf = (subject: string) => devices?.find(({ id }) => id === subject)?.slug ?? subject;
  const columns: Column<AuditEntry>[] = [
    { header: t('What'), title: true, cell: ({ action }) => describeAction(action) },
    {
      header: t('Which'),
      cell: ({ subject, details }) => (subject === null ? describeMany(details) : nameOf(subject)),
    },
    {
      header: t('Change'),
      phone: 'wide',
      cell: ({ details }) => <span className={styles.change}>{describeChanges(details)}</span>,
    },
    { header: t('Who'), cell: ({ actor_email }) => actor_email ?? t('platform') },
    { header: t('When'), numeric: true, cell: ({ at }) => <time dateTime={at}>{formatTime(new Date(at))}</time> },
  ];
  return (
    <>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      <Section title={t('Changes')} flush>
        {!pages && !error && <Skeleton lines={6} label={t('Loading the audit log')} />}
        {entries.length > 0 && (
          <DataTable caption={t('Changes')} columns={columns} rows={entries} keyOf={({ id }) => String(id)} />
        )}
        {pages && entries.length === 0 && (
          <Empty icon={<ScrollText />} title={t('Nothing changed yet')}>
            {t('Adding a device, inviting someone or changing a rule is recorded here.')}
          </Empty>
        )}
      </Section>
      {hasNextPage && (
        <Button busy={isFetchingNextPage} onClick={() => fetchNextPage()}>
          {t('Show older')}
        </Button>
      )}
    </>
  );
}
