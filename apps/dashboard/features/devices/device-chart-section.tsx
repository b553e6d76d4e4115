'use client';
// The newest values, the chart of one of them, beside it another one, and where the device was. What is shown is in the address.
import { useQuery } from '@tanstack/react-query';
import { Pencil } from 'lucide-react';
import dynamic from 'next/dynamic';
import { memo, useMemo, useState } from 'react';
import { t } from '../../language/translate.ts';
import { useAddress } from '../../ui/address.ts';
import { Button } from '../../ui/button.tsx';
import { ChartSkeleton } from '../../ui/chart/chart-skeleton.tsx';
import { Section } from '../../ui/page.tsx';
import { Compare, followField, MOST_CHOICES, readSecond } from '../telemetry/compare.tsx';
import { FieldChart, type Source } from '../telemetry/field-chart.tsx';
import { newestOf, numberIn } from '../telemetry/fields.ts';
import { addressOf, RangeChoice } from '../telemetry/range-choice.tsx';
import { readRange } from '../telemetry/ranges.ts';
import type { Reading } from '../telemetry/readings.ts';
import { positionFields } from '../telemetry/track.ts';
import { useFieldWords } from '../telemetry/use-field-names.ts';
import { ValueTiles } from '../telemetry/value-tiles.tsx';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import styles from './device-chart-section.module.css';
import { deviceList, NO_FILTER } from './device-list.ts';
import { findDevice } from './devices.ts';
import type { DeviceStatus } from './statuses.ts';

// Without `ssr: false` a part that comes later hides the whole page until it is there, and the focus is lost.
const FieldDialog = dynamic(() => import('../telemetry/field-dialog.tsx').then(({ FieldDialog }) => FieldDialog), {
  ssr: false,
});
const TrackSection = dynamic(() => import('../telemetry/track-section.tsx').then(({ TrackSection }) => TrackSection), {
  ssr: false,
});

interface Props {
  deviceId: string;
  /** The newest; undefined while they load. */
  readings: Reading[] | undefined;
  /** Undefined while it loads. */
  status: DeviceStatus | undefined;
}

const NONE: Reading[] = [];

/** Redrawn only when the readings or the status change. */
export const DeviceChartSection = memo(function DeviceChartSection({ deviceId, readings, status }: Props) {
  const [address, setAddress] = useAddress();
  const canManage = useCan('manage devices');
  const wordsOf = useFieldWords();
  const [isEditing, setIsEditing] = useState(false);
  const newest = useMemo(
    () => (readings || status ? newestOf((status?.fields ?? {}) as Noted, readings ?? NONE) : undefined),
    [readings, status],
  );
  const numbers = newest?.filter(({ value }) => numberIn(value) !== undefined).map(({ field }) => field);
  const chosen = address.get('field');
  const field = chosen !== null && numbers?.includes(chosen) ? chosen : numbers?.[0];
  const range = readRange(address);
  const [second, setTouched] = useSecond(deviceId, address.get('with'), readings ?? NONE);
  if (newest?.length === 0) return null;
  const words = field === undefined ? undefined : wordsOf(field);
  const position = newest && positionFields(newest);
  return (
    <>
      <ValueTiles
        newest={newest}
        field={field}
        onChange={(next) => setAddress({ field: next, with: followField(address.get('with'), deviceId, next) })}
      />
      {numbers?.length !== 0 && (
        <Section
          title={words?.label ?? t('Chart')}
          aside={<RangeChoice range={range} onChange={(change) => setAddress(change, true)} />}
        >
          {field === undefined || !words ? (
            <ChartSkeleton />
          ) : (
            <>
              <div className={styles.tools}>
                <Compare
                  deviceId={deviceId}
                  field={field}
                  fields={numbers ?? []}
                  devices={second.devices}
                  wordsOf={wordsOf}
                  value={address.get('with') ?? ''}
                  onTouch={setTouched}
                  onChange={(next) => setAddress({ with: next })}
                />
                {canManage && (
                  <Button variant="quiet" onClick={() => setIsEditing(true)}>
                    <Pencil aria-hidden />
                    {t('Name and unit')}
                  </Button>
                )}
              </div>
              <FieldChart
                source={{
                  deviceId,
                  field,
                  words,
                  live: readings ?? NONE,
                  isSwitch: typeof newest?.find((each) => each.field === field)?.value === 'boolean',
                }}
                second={second.source}
                range={range}
                onZoom={(from, until) => setAddress(addressOf(from, until), true)}
              />
            </>
          )}
        </Section>
      )}
      {position && <TrackSection deviceId={deviceId} position={position} range={range} />}
      {isEditing && field !== undefined && <FieldDialog field={field} onClose={() => setIsEditing(false)} />}
    </>
  );
});

type Noted = Parameters<typeof newestOf>[0];

/** The second line that the address names, and the devices to choose from once they are asked for. */
function useSecond(deviceId: string, text: string | null, live: Reading[]) {
  const { tenant_id } = useTenant().tenant;
  const wordsOf = useFieldWords();
  const [isTouched, setIsTouched] = useState(false);
  const named = readSecond(text);
  const isOther = named !== undefined && named.deviceId !== deviceId;
  const { data: listed } = useQuery({
    queryKey: ['devices', tenant_id, 'to compare with'],
    queryFn: async () => (await deviceList(tenant_id, NO_FILTER, 'name', MOST_CHOICES)).rows,
    staleTime: 60_000,
    enabled: isTouched,
  });
  const { data: other } = useQuery({
    queryKey: ['device', named?.deviceId],
    queryFn: async () => (await findDevice(named?.deviceId ?? '')) ?? null,
    staleTime: 60_000,
    enabled: isOther,
  });
  const isListed = listed?.some(({ id }) => id === other?.id);
  const devices = [...(other && !isListed ? [other] : []), ...(listed ?? [])];
  const words = named && wordsOf(named.field);
  const source: Source | undefined = words && {
    ...named,
    words: {
      ...words,
      label: isOther
        ? t('{field} of {device}', { field: words.label, device: other?.name ?? t('another device') })
        : words.label,
    },
    live: isOther ? NONE : live,
  };
  return [{ source, devices }, () => setIsTouched(true)] as const;
}
