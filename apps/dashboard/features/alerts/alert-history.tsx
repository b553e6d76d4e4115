'use client';
// Alerts that were resolved, newest first.
import { useQuery } from '@tanstack/react-query';
import { History } from 'lucide-react';
import { useState } from 'react';
import { foreign, t } from '../../language/translate.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { formatSpan, formatTime } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { Empty, Section, Skeleton } from '../../ui/page.tsx';
import { ShowMore } from '../../ui/show-more.tsx';
import { Told, useCounts } from '../notifications/told.tsx';
import { useWhyColumn } from '../questions/ask-button.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import styles from './alerts.module.css';
import { type Alert, resolvedAlerts } from './alerts.ts';
import { useDeviceNames, useRules } from './use-alerts.ts';

/** Alerts shown at first, and as many more each time. */
const STEP = 100;

export function AlertHistory() {
  const { tenant_id } = useTenant().tenant;
  const nameOf = useDeviceNames();
  const { data: rules } = useRules();
  const [most, setMost] = useState(STEP);
  const { data, error } = useQuery({
    queryKey: ['alerts', tenant_id, 'resolved', most],
    queryFn: () => resolvedAlerts(tenant_id, most),
    ...polled(15_000),
  });
  const alerts = data?.rows;
  const counts = useCounts((alerts ?? []).map(({ id }) => id));
  const nameOfRule = (alert: Alert) => rules?.find(({ id }) => id === alert.rule_id)?.name;
  const why = useWhyColumn((alert: Alert) => nameOfRule(alert) ?? t('Alert'));
  const columns: Column<Alert>[] = [
    {
      header: t('Alert'),
      title: true,
      cell: (alert) => (
        <span className={styles.alert}>
          {nameOfRule(alert) ?? t('Alert')}
          <small>{foreign(alert.message)}</small>
        </span>
      ),
    },
    { header: t('Device'), cell: ({ device_id }) => nameOf(device_id) },
    {
      header: t('Opened'),
      cell: ({ opened_at }) => <time dateTime={opened_at}>{formatTime(new Date(opened_at))}</time>,
    },
    {
      header: t('Told'),
      cell: (alert) => <Told alertId={alert.id} title={nameOfRule(alert) ?? t('the alert')} counts={counts} />,
    },
    ...why,
    { header: t('Lasted'), numeric: true, cell: (alert) => formatSpan(lasted(alert)) },
  ];
  return (
    <Section title={t('Resolved alerts')} flush>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!alerts && !error && <Skeleton lines={4} label={t('Loading history')} />}
      {alerts && alerts.length > 0 && (
        <DataTable caption={t('Resolved alerts')} columns={columns} rows={alerts} keyOf={({ id }) => id} />
      )}
      {data?.more && <ShowMore shown={data.rows.length} onMore={() => setMost(most + STEP)} />}
      {alerts?.length === 0 && (
        <Empty icon={<History />} title={t('No history yet')}>
          {t('Resolved alerts appear here.')}
        </Empty>
      )}
    </Section>
  );
}

/** In seconds. */
const lasted = ({ opened_at, resolved_at }: Alert) =>
  Math.max(0, Math.round((Date.parse(resolved_at ?? opened_at) - Date.parse(opened_at)) / 1000));
