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
            { header: 'Limit', title: true, cell: ({ name }) => LIMIT_WORDS[name] },
            { header: 'Use and limit', numeric: true, phone: 'corner', cell: Use },
          ]}
        />
      )}
      <p className={styles.foot}>Days are in UTC. The platform’s operator can change a limit.</p>
    </Section>
  );
}

/** From this share on, a bar shows how much is left. */
const MUCH = 0.5;

function Use({ name, used, most, until }: LimitInUse) {
  const amount = (value: number) => (name.includes('bytes') ? formatBytes(value) : formatNumber(value));
  const limit = most === null ? 'no limit' : amount(most);
  return (
    <>
      {used !== null && most !== null && most > 0 && used / most >= MUCH && (
        <meter
          className={styles.meter}
          aria-label={`${LIMIT_WORDS[name]}: share used`}
          max={most}
          high={most * 0.9}
          optimum={0}
          value={used}
        />
      )}
      {used === null ? limit : `${amount(used)}${most === null ? ', ' : ' of '}${limit}`}
      {until && <small className={styles.until}>until {formatTime(new Date(until))}</small>}
    </>
  );
}
