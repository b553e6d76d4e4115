'use client';
// The tenant's limits, with what is used of each today.
import { QUESTION_LIMITS } from '../../../../domain/account-limits.ts';
import { t } from '../../language/translate.ts';
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
  const limits = Object.keys(LIMIT_WORDS)
    .flatMap((name) => data?.find((limit) => limit.name === name) ?? [])
    // Without a cap, the platform offers no questions.
    .filter(({ name, most }) => most !== null || !(name in QUESTION_LIMITS));
  return (
    <Section title={t('Limits')} flush>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!data && !error && <Skeleton lines={8} label={t('Loading limits')} />}
      {data && (
        <DataTable
          caption={t('Limits of this tenant')}
          rows={limits}
          keyOf={({ name }) => name}
          columns={[
            { header: t('Limit'), title: true, cell: ({ name }) => wordsOf(name) },
            { header: t('Use and limit'), numeric: true, phone: 'corner', cell: Use },
          ]}
        />
      )}
      <p className={styles.foot}>{t('Days are in UTC. The platform’s operator can change a limit.')}</p>
    </Section>
  );
}

/** A limit that a newer database has is called as there. */
function wordsOf(name: string): string {
  const words = LIMIT_WORDS[name];
  return words ? t(words) : name;
}

/** From this share on, a bar shows how much is left. */
const MUCH = 0.5;

function Use({ name, used, most, until }: LimitInUse) {
  const amount = (value: number) => (name.includes('bytes') ? formatBytes(value) : formatNumber(value));
  const limit = most === null ? t('no limit') : amount(most);
  return (
    <>
      {used !== null && most !== null && most > 0 && used / most >= MUCH && (
        <meter
          className={styles.meter}
          aria-label={t('{limit}: share used', { limit: wordsOf(name) })}
          max={most}
          high={most * 0.9}
          optimum={0}
          value={used}
        />
      )}
      {used === null
        ? limit
        : most === null
          ? `${amount(used)}, ${limit}`
          : t('{used} of {most}', { used: amount(used), most: limit })}
      {until && <small className={styles.until}>{t('until {time}', { time: formatTime(new Date(until)) })}</small>}
    </>
  );
}
