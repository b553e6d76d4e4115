'use client';
// What the tenant used in a month, by day: the numbers that a bill is made from.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { firstDay, lineOf, sumOfUsage, USAGE, USAGE_COLUMNS, type UsageDay } from '../../../../domain/usage.ts';
import { foreign, t } from '../../language/translate.ts';
import { Chart } from '../../ui/chart/chart.tsx';
import { Legend } from '../../ui/chart/legend.tsx';
import { DataDetails } from '../../ui/data-details.tsx';
import { Figure, Figures } from '../../ui/figures.tsx';
import { formatBytes, formatDay, formatNumber, twoDigits } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { Section, Skeleton } from '../../ui/page.tsx';
import { SmallChoice } from '../../ui/small-choice.tsx';
import { messageOf } from '../session/errors.ts';
import { polled } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import styles from './usage.module.css';
import { MONTHS_KEPT, usageDays } from './usage.ts';

const POLL_MS = 60_000;

export function UsageSection() {
  const { tenant_id } = useTenant().tenant;
  const [now] = useState(() => new Date().toISOString().slice(0, 7));
  const [month, setMonth] = useState(now);
  const months = Array.from({ length: MONTHS_KEPT + 1 }, (_, ago) => firstDay(now, -ago).slice(0, 7));
  const { data, error } = useQuery({
    queryKey: ['usage-days', tenant_id, month],
    queryFn: () => usageDays(tenant_id, month),
    ...polled(POLL_MS),
  });
  return (
    <Section
      title={t('Usage')}
      aside={
        <SmallChoice
          label={t('Month')}
          options={months.map((value) => ({ value, label: value }))}
          value={month}
          onChange={setMonth}
        />
      }
    >
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!data && !error && <Skeleton lines={8} label={t('Loading usage')} />}
      {data && <Month days={fillMonth(month, data)} />}
      <p className={styles.note}>
        {t(
          'Days are in UTC. They are counted every 15 minutes and kept for {months} months. A reading counts on the day it was received. A kB is 1,000 bytes of stored payloads, rounded for each day.',
          { months: MONTHS_KEPT },
        )}
      </p>
    </Section>
  );
}

function Month({ days }: { days: UsageDay[] }) {
  const [point, setPoint] = useState<number | null>(null);
  const lines = days.map(lineOf);
  const total = sumOfUsage(lines);
  const shown = point === null ? total : (lines[point] ?? total);
  const times = days.map(({ day }) => localMidnight(day));
  const words = ({ readings, over_quota }: typeof total) =>
    t('{readings, plural, one {# reading} other {# readings}}, {over} over quota', { readings, over: over_quota });
  return (
    <>
      <Figures>
        <Figure
          label={t('Readings')}
          value={formatNumber(total.readings)}
          note={t('{bytes} of payloads', { bytes: formatBytes(total.kilobytes * 1000) })}
        />
        <Figure label={t('Over quota')} value={formatNumber(total.over_quota)} note={t('readings not stored')} />
        <Figure label={t('Dead letters')} value={formatNumber(total.letters)} />
        <Figure
          label={t('Alerts')}
          value={formatNumber(total.alerts)}
          note={t('{count, plural, one {# notification} other {# notifications}}', { count: total.notifications })}
        />
        <Figure label={t('Commands')} value={formatNumber(total.commands)} />
      </Figures>
      <Legend
        when={point === null ? t('Total') : formatDay(new Date((times[point] ?? 0) * 1000))}
        entries={[
          { label: t('readings'), tone: 'blue', value: formatNumber(shown.readings) },
          { label: t('over quota'), tone: 'violet', value: formatNumber(shown.over_quota) },
        ]}
      />
      <Chart
        times={times}
        bars={[
          { tone: 'violet', values: days.map(({ readings, over_quota }) => readings + over_quota) },
          { tone: 'blue', values: days.map(({ readings }) => readings) },
        ]}
        fromZero
        from={times[0] ?? 0}
        until={(times.at(-1) ?? 0) + 86_400}
        description={t('Readings a day: {words} in the month.', { words: words(total) })}
        onPoint={setPoint}
        small
      />
      <DataDetails
        head={[t('Day'), ...Object.values(USAGE).map(foreign)]}
        rows={() => [...days.map((day, n) => [day.day, ...cells(lines[n] ?? total)]), [t('Total'), ...cells(total)]]}
      />
    </>
  );
}

const cells = (line: ReturnType<typeof lineOf>) =>
  USAGE_COLUMNS.map((column) => formatNumber(line[column === 'bytes' ? 'kilobytes' : column]));

/** A chart's axis is in local time: a day of UTC is drawn as the local day of the same date. In seconds since 1970. */
function localMidnight(day: string): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date).getTime() / 1000;
}

/** All days of a month; one without a row used nothing. */
function fillMonth(month: string, found: UsageDay[]): UsageDay[] {
  const length = (Date.parse(firstDay(month, 1)) - Date.parse(firstDay(month))) / 86_400_000;
  return Array.from({ length }, (_, n) => {
    const day = `${month}-${twoDigits(n + 1)}`;
    return found.find((one) => one.day === day) ?? { ...NOTHING, day };
  });
}

const NOTHING: Omit<UsageDay, 'day'> = {
  readings: 0,
  bytes: 0,
  over_quota: 0,
  letters: 0,
  alerts: 0,
  notifications: 0,
  commands: 0,
  ai_tokens: 0,
};
