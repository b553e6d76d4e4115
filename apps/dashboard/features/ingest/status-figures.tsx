'use client';
// Whether ingest runs, what it did today, and how much this tenant has stored.
import { useQuery } from '@tanstack/react-query';
import { rich, t } from '../../language/translate.ts';
import { Badge } from '../../ui/badge.tsx';
import { Figure, Figures } from '../../ui/figures.tsx';
import { formatNumber } from '../../ui/format.ts';
import { Ago, useTimely } from '../../ui/time.tsx';
import { polled } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { type IngestStatus, ingestStatus, lastWholeMinute } from './ingest.ts';
import { useQuota } from './use-quota.ts';

/** The timer runs every minute: a run that is older has been missed. */
const LATE_MS = 180_000;

export function StatusFigures() {
  const { tenant_id } = useTenant().tenant;
  const { usage, quota } = useQuota();
  const { data: lastWhole } = useQuery({
    queryKey: ['last-minute', tenant_id],
    queryFn: async () => (await lastWholeMinute(tenant_id)) ?? null,
    ...polled(3000),
  });
  const { data: status } = useQuery({
    queryKey: ['ingest-status', tenant_id],
    queryFn: async () => (await ingestStatus(tenant_id)) ?? null,
    ...polled(5000),
  });
  const stored = usage?.stored ?? 0;
  return (
    <Figures>
      <Figure
        label={t('Broker session')}
        value={status ? <RunBadge status={status} /> : '…'}
        note={<LastRun status={status} />}
      />
      <Figure
        label={t('Readings a minute')}
        value={lastWhole === undefined ? '…' : formatNumber(lastWhole?.received ?? 0)}
        note={t('last whole minute')}
      />
      <Figure
        label={t('Stored today (UTC)')}
        value={usage === undefined ? '…' : formatNumber(stored)}
        note={
          quota ? (
            <>
              <meter
                aria-label={t('Share of the daily quota')}
                min={0}
                max={quota}
                high={quota * 0.9}
                optimum={0}
                value={stored}
              />
              {t('of {quota} a day', { quota })}
            </>
          ) : (
            t('no daily quota')
          )
        }
      />
      <Figure
        label={t('Refused today')}
        value={usage === undefined ? '…' : formatNumber((usage?.rejected ?? 0) + (usage?.over_quota ?? 0))}
        note={t('{count} over quota', { count: usage?.over_quota ?? 0 })}
      />
      <Figure
        label={t('Stored in 30 days')}
        value={status ? formatNumber(status.telemetry_rows_estimate) : '…'}
        note={t('readings of this tenant')}
      />
    </Figures>
  );
}

function RunBadge({ status: { workers, last_run_at } }: { status: IngestStatus }) {
  const isLate = useTimely((now) => last_run_at !== null && now.getTime() - Date.parse(last_run_at) > LATE_MS);
  if (workers > 0)
    return (
      <Badge tone="ok" live>
        {t('{workers, plural, one {Connected} other {# connected}}', { workers })}
      </Badge>
    );
  if (last_run_at === null) return <Badge>{t('Never ran')}</Badge>;
  return isLate ? <Badge tone="danger">{t('Stalled')}</Badge> : <Badge tone="ok">{t('Between runs')}</Badge>;
}

function LastRun({ status }: { status: IngestStatus | null | undefined }) {
  if (!status?.last_run_at) return null;
  return <>{rich('seen {ago}', { ago: <Ago at={status.last_run_at} /> })}</>;
}
