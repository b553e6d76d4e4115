'use client';
// The tenant's limits, with what is used of each today.
import { DataTable } from '../../ui/data-table.tsx';
import { formatBytes, formatNumber, formatTime } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { Section, Skeleton } from '../../ui/page.tsx';
import { messageOf } from '../session/errors.ts';
import type { LimitInUse } from '../tenants/tenants.ts';
import { useLimits } from '../tenants/use-limits.ts';
import { LIMIT_WORDS } from './limit-words.ts';
import styles from './settings.module.css';

export function LimitsSection() {
  const { data, error } = useLimits();
  const limits = Object.keys(LIMIT_WORDS).flatMap((name) => data?.find((limit) => limit.name === name) ?? []);
  return (
    <Section title="Limits" flush>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!data && !error && <Skeleton lines={8} label="Loading limits" />}
      {data && (
        <DataTable
          caption="Limits of this tenant"
          rows={limits}
          keyOf={({ name }) => name}
          columns={[
            { header: 'What', title: true, cell: ({ name }) => LIMIT_WORDS[name] },
            { header: 'Used', numeric: true, cell: Used },
            { header: 'Limit', numeric: true, cell: Most },
          ]}
        />
      )}
      <p className={styles.foot}>Days are days of UTC. The platform’s operator can change a limit.</p>
    </Section>
  );
}

const amount = (name: string, value: number) => (name.includes('bytes') ? formatBytes(value) : formatNumber(value));

function Used({ name, used, most }: LimitInUse) {
  if (used === null) return '–';
  return (
    <>
      {most !== null && most > 0 && used / most >= 0.5 && (
        <meter
          className={styles.meter}
          aria-label={`${LIMIT_WORDS[name]}: share used`}
          max={most}
          high={most * 0.9}
          optimum={0}
          value={used}
        />
      )}
      {amount(name, used)}
    </>
  );
}

function Most({ name, most, until }: LimitInUse) {
  if (most === null) return 'no limit';
  return (
    <>
      {amount(name, most)}
      {until && <small className={styles.until}>until {formatTime(new Date(until))}</small>}
    </>
  );
}
