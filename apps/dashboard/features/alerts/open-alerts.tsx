'use client';
// Alerts that are not resolved yet. A person who works on one acknowledges it.
import { useQuery } from '@tanstack/react-query';
import { BellOff, Check } from 'lucide-react';
import { useState } from 'react';
import { foreign, t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Link } from '../../ui/link.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Empty, Section, Skeleton } from '../../ui/page.tsx';
import { ShowMore } from '../../ui/show-more.tsx';
import { Ago } from '../../ui/time.tsx';
import { Told, useCounts } from '../notifications/told.tsx';
import { useWhyColumn } from '../questions/ask-button.tsx';
import { messageOf } from '../session/errors.ts';
import { useChange } from '../session/use-change.ts';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import { listMembers } from '../users/members.ts';
import styles from './alerts.module.css';
import { type Alert, acknowledgeAlert } from './alerts.ts';
import { deviceTimeWords } from './rule-words.ts';
import { SeverityBadge } from './severity-badge.tsx';
import { useDeviceNames, useOpenAlerts, useRules } from './use-alerts.ts';

/** Alerts shown at first, and as many more each time. */
const STEP = 100;

/** @param onRules shows the rules; with `true`, the form for a new one as well. */
export function OpenAlerts({ onRules }: { onRules: (isMaking: boolean) => void }) {
  const canManage = useCan('manage rules');
  const [most, setMost] = useState(STEP);
  const { data, error } = useOpenAlerts(most);
  const alerts = data?.rows;
  const { data: rules } = useRules();
  const columns = useColumns(alerts ?? []);
  return (
    <Section title={t('Open alerts')} flush>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!alerts && !error && <Skeleton lines={4} label={t('Loading alerts')} />}
      {alerts && alerts.length > 0 && (
        <DataTable caption={t('Open alerts')} columns={columns} rows={alerts} keyOf={({ id }) => id} />
      )}
      {data?.more && <ShowMore shown={data.rows.length} onMore={() => setMost(most + STEP)} />}
      {alerts?.length === 0 && (
        <Empty
          icon={<BellOff />}
          title={t('Nothing is wrong')}
          action={
            rules?.length === 0 && canManage ? (
              <Button onClick={() => onRules(true)}>{t('Create a rule')}</Button>
            ) : (
              <Button onClick={() => onRules(false)}>{t('See the rules')}</Button>
            )
          }
        >
          {rules?.length === 0
            ? t('There are no rules yet, so nothing is watched.')
            : t('No rule has anything to report.')}
        </Empty>
      )}
    </Section>
  );
}

function useColumns(alerts: Alert[]): Column<Alert>[] {
  const { tenant_id } = useTenant().tenant;
  const canManage = useCan('manage rules');
  const nameOf = useDeviceNames();
  const { data: rules } = useRules();
  const { data: members } = useQuery({ queryKey: ['members', tenant_id], queryFn: () => listMembers(tenant_id) });
  const acknowledge = useChange({
    run: ({ id }: Alert) => acknowledgeAlert(id),
    done: () => t('Acknowledged. Others can see that you are on it.'),
    changes: ['alerts'],
  });
  const counts = useCounts(alerts.map(({ id }) => id));
  const ruleOf = ({ rule_id }: Alert) => rules?.find(({ id }) => id === rule_id);
  const why = useWhyColumn((alert: Alert) => ruleOf(alert)?.name ?? t('Alert'));
  return [
    {
      header: t('Alert'),
      title: true,
      cell: (alert) => (
        <span className={styles.alert}>
          {ruleOf(alert)?.name ?? t('Alert')}
          <small>{foreign(alert.message)}</small>
        </span>
      ),
    },
    {
      header: t('Severity'),
      phone: 'corner',
      cell: (alert) => <SeverityBadge severity={ruleOf(alert)?.severity ?? 'info'} />,
    },
    {
      header: t('Device'),
      cell: ({ device_id }) => <Link href={`/admin/devices/view?id=${device_id}`}>{nameOf(device_id)}</Link>,
    },
    {
      header: t('Opened'),
      cell: ({ opened_at, last_seen_at, device_ts }) => (
        <span className={styles.alert}>
          <Ago at={opened_at} />
          <small>{deviceTimeWords(last_seen_at, device_ts)}</small>
        </span>
      ),
    },
    {
      header: t('Told'),
      cell: (alert) => <Told alertId={alert.id} title={ruleOf(alert)?.name ?? t('the alert')} counts={counts} />,
    },
    ...why,
    {
      header: t('Acknowledged'),
      cell: (alert) => {
        if (alert.acknowledged_at) {
          return (
            <span className={styles.acknowledged}>
              {members?.find(({ user_id }) => user_id === alert.acknowledged_by)?.email ?? t('a former member')},{' '}
              <Ago at={alert.acknowledged_at} />
            </span>
          );
        }
        if (!canManage) return t('no');
        return (
          <Button
            busy={acknowledge.isPending && acknowledge.variables.id === alert.id}
            onClick={() => acknowledge.mutate(alert)}
          >
            <Check aria-hidden />
            {t('Acknowledge')}
          </Button>
        );
      },
    },
  ];
}
