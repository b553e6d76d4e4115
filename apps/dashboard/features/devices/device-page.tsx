'use client';
// One device: its readings, details, commands and actions.
import { ArrowLeft, Radio } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useSearchParams } from 'next/navigation';
import { useEffect } from 'react';
import { t } from '../../language/translate.ts';
import { ChartSkeleton } from '../../ui/chart/chart-skeleton.tsx';
import { Link } from '../../ui/link.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Empty, PageHead, Section, Skeleton } from '../../ui/page.tsx';
import { AskButton } from '../questions/ask-button.tsx';
import { messageOf } from '../session/errors.ts';
import { polled, useSliced } from '../session/queries.tsx';
import { recentReadings } from '../telemetry/readings.ts';
import { ReadingsTable } from '../telemetry/readings-table.tsx';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import { DeviceActions } from './device-actions.tsx';
import { DeviceFacts } from './device-facts.tsx';
import styles from './device-page.module.css';
import { findDevice } from './devices.ts';
import { MissingDevice } from './missing-device.tsx';
import { RefusedSection } from './refused-section.tsx';
import { StateBadge } from './state-badge.tsx';
import { findStatus } from './statuses.ts';

const DeviceChartSection = dynamic(
  () => import('./device-chart-section.tsx').then(({ DeviceChartSection }) => DeviceChartSection),
  { loading: ChartRoom },
);
// The last of the page's narrow column: nothing below them moves when they come.
const DesiredSection = dynamic(() => import('./desired-section.tsx').then(({ DesiredSection }) => DesiredSection), {
  ssr: false,
});
const CommandSection = dynamic(() => import('./command-section.tsx').then(({ CommandSection }) => CommandSection), {
  ssr: false,
});

/** A published reading is on the page within two seconds: one look along one index, every second. */
const LIVE_MS = 1000;
/** Readings in the table, and enough to bridge the chart's refresh. */
const READINGS = 40;
/** Lines of the table. */
const SHOWN = 15;

const Back = () => (
  <Link href="/admin/devices" className={styles.back}>
    <ArrowLeft aria-hidden />
    {t('Devices')}
  </Link>
);

function ChartRoom() {
  return (
    <Section title={t('Chart')}>
      <ChartSkeleton />
    </Section>
  );
}

/** As the database writes ids: it refuses to look for anything else. */
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function DevicePage() {
  const id = useSearchParams().get('id') ?? '';
  return ID.test(id) ? <DeviceOf id={id} /> : <NotFound />;
}

function NotFound({ tenantId, problem }: { tenantId?: string | undefined; problem?: unknown }) {
  return (
    <>
      <PageHead title={t('Device')} back={<Back />} />
      {problem ? <Notice tone="danger">{messageOf(problem)}</Notice> : <MissingDevice tenantId={tenantId} />}
    </>
  );
}

/** The tab is called as the device is. */
function useTitle(name: string | undefined): void {
  useEffect(() => {
    if (name !== undefined) document.title = `${name} · mqtt-saas`;
  }, [name]);
}

function DeviceOf({ id }: { id: string }) {
  const { tenant } = useTenant();
  const canManage = useCan('manage devices');
  const { data: device, error } = useSliced({
    queryKey: ['device', id],
    queryFn: async () => (await findDevice(id)) ?? null,
    ...polled(15_000),
  });
  const { data: readings, error: readingsError } = useSliced({
    queryKey: ['readings', tenant.tenant_id, id],
    queryFn: () => recentReadings(tenant.tenant_id, id, READINGS),
    ...polled(LIVE_MS),
  });
  const { data: status, error: statusError } = useSliced({
    queryKey: ['status', tenant.tenant_id, id],
    queryFn: async () => (await findStatus(tenant.tenant_id, id)) ?? null,
    ...polled(LIVE_MS),
  });
  useTitle(device?.tenant_id === tenant.tenant_id ? device.name : undefined);
  const problem = error ?? readingsError ?? statusError;
  if (device === undefined && !error) return <Skeleton lines={8} label={t('Loading device')} />;
  if (!device || device.tenant_id !== tenant.tenant_id)
    return <NotFound tenantId={device?.tenant_id} problem={error} />;
  const newest = readings?.[0];
  return (
    <>
      <PageHead
        back={<Back />}
        title={
          <span className={styles.title}>
            {device.name}
            <StateBadge enabled={device.enabled} status={status ?? undefined} />
          </span>
        }
        actions={
          canManage && (
            <>
              <AskButton kind="device" id={device.id} about={device.name} />
              <DeviceActions device={device} />
            </>
          )
        }
      />
      {problem && <Notice tone="danger">{messageOf(problem)}</Notice>}
      <div className={styles.columns}>
        <div>
          {(!readings || newest) && (
            <DeviceChartSection deviceId={device.id} readings={readings} status={status ?? undefined} />
          )}
          <Section title={t('Last readings')} flush>
            {!readings && <Skeleton lines={12} label={t('Loading readings')} />}
            {readings && newest && <ReadingsTable readings={readings} most={SHOWN} />}
            {readings && !newest && (
              <Empty icon={<Radio />} title={t('No readings')}>
                {canManage
                  ? t('If its key is lost, rotate it: you get a new one and a command that publishes.')
                  : t('Nothing has arrived from this device.')}
              </Empty>
            )}
          </Section>
        </div>
        <aside aria-label={t('About this device')}>
          <DeviceFacts device={device} status={status ?? undefined} />
          <RefusedSection device={device} />
          <DesiredSection device={device} />
          <CommandSection device={device} />
        </aside>
      </div>
    </>
  );
}
