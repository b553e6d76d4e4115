'use client';
// The newest values, and the chart of one of them.
import { useQuery } from '@tanstack/react-query';
import { memo, useState } from 'react';
import { ChartSkeleton } from '../../ui/chart/chart-skeleton.tsx';
import { isMeasured } from '../../ui/format.ts';
import { Section } from '../../ui/page.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { deviceFields } from '../telemetry/charts.ts';
import { FieldChart } from '../telemetry/field-chart.tsx';
import { RANGES, type RangeName, rangeOf } from '../telemetry/ranges.ts';
import type { Reading } from '../telemetry/readings.ts';
import { ValueTiles } from '../telemetry/value-tiles.tsx';
import { type DeviceStatus, newestValues } from './statuses.ts';

/** Redrawn only when the readings or the status change. @param readings the newest; undefined while they load. */
export const DeviceChartSection = memo(function DeviceChartSection({
  deviceId,
  readings = [],
  status,
}: {
  deviceId: string;
  readings: Reading[] | undefined;
  status: DeviceStatus | undefined;
}) {
  const [chosen, setChosen] = useState<string>();
  const [rangeName, setRangeName] = useState<RangeName>('15m');
  const { data: fields } = useQuery({
    queryKey: ['fields', deviceId],
    queryFn: () => deviceFields(deviceId),
    staleTime: 30_000,
    refetchInterval: 60_000,
  });
  const known = fields?.filter(isMeasured);
  const field = chosen !== undefined && known?.includes(chosen) ? chosen : known?.[0];
  if (known?.length === 0) return null;
  return (
    <>
      <ValueTiles fields={known} values={newestValues(status)} field={field} onChange={setChosen} />
      <Section
        title={field ?? 'Chart'}
        aside={<Segmented label="Range" options={RANGES} value={rangeName} onChange={setRangeName} />}
      >
        {field === undefined ? (
          <ChartSkeleton />
        ) : (
          <FieldChart deviceId={deviceId} field={field} range={rangeOf(rangeName)} live={readings} />
        )}
      </Section>
    </>
  );
});
