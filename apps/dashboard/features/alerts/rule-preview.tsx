'use client';
// What a rule would have fired on in the last 24 hours, while it is being written.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { t } from '../../language/translate.ts';
import { formatClock, formatNumber } from '../../ui/format.ts';
import { useNow } from '../../ui/time.tsx';
import { isBusy, isPassing, isTooMuch, messageOf } from '../session/errors.ts';
import { useTenant } from '../tenants/tenant.tsx';
import styles from './rule-dialog.module.css';
import { type RuleDraft, type Trial, tryRule } from './rules.ts';
import { useDeviceNames } from './use-alerts.ts';

const HOURS = 24;
/** Milliseconds without typing before the database is asked. */
const SETTLE_MS = 350;
const STALE_MS = 300_000;

const TOO_MUCH =
  'There are too many readings to try this rule on in time. Choose one device, or save the rule without this preview.';

/** @param problem why it cannot be tried yet. */
export function RulePreview({ draft, problem }: { draft: RuleDraft; problem: string | undefined }) {
  const { tenant_id } = useTenant().tenant;
  const { name: _name, severity: _severity, ...tried } = draft;
  const settled = useSettled(JSON.stringify(tried));
  const { data, error } = useQuery({
    queryKey: ['preview', tenant_id, settled],
    queryFn: async () => (await tryRule(tenant_id, JSON.parse(settled), HOURS)) ?? null,
    enabled: problem === undefined && settled === JSON.stringify(tried),
    placeholderData: keepPreviousData,
    // A day hardly changes while a rule is written, and reading it is expensive.
    staleTime: STALE_MS,
    refetchOnWindowFocus: false,
    // Two of a tenant's rules are tried at once.
    retry: (times, error) => (isPassing(error) ? times < 2 : isBusy(error) && times < 10),
    retryDelay: 2000,
  });
  return (
    <div className={styles.preview} role="status" aria-label={t('Preview')}>
      <h3>{t('In the last 24 hours it would have fired')}</h3>
      {problem && <p className={styles.muted}>{problem}</p>}
      {!problem && error && <p className={styles.muted}>{isTooMuch(error) ? t(TOO_MUCH) : messageOf(error)}</p>}
      {!problem && !error && !data && <p className={styles.muted}>{t('Looking…')}</p>}
      {!problem && !error && data && <Firings trial={data} kind={draft.kind} />}
      {!problem && !error && data && <Bounds trial={data} draft={draft} />}
    </div>
  );
}

function Firings({ trial, kind }: { trial: Trial; kind: RuleDraft['kind'] }) {
  const now = new Date(useNow(60) * 1000);
  const nameOf = useDeviceNames();
  const { firings, devices, by_hour: hours, newest } = trial;
  const most = Math.max(1, ...hours);
  return (
    <>
      <p className={styles.count}>{t('{firings, plural, =0 {never} one {once} other {# times}}', { firings })}</p>
      <svg viewBox={`0 0 ${hours.length * 10} 60`} preserveAspectRatio="none" aria-hidden>
        {hours.map((count, hour) => {
          const height = count === 0 ? 2 : 6 + (54 * count) / most;
          return (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: its place is what an hour is known by
              key={hour}
              className={count > 0 ? styles.hit : undefined}
              x={hour * 10 + 1}
              y={60 - height}
              width={8}
              height={height}
              rx={1}
            />
          );
        })}
      </svg>
      <p className={styles.hours} aria-hidden>
        <span>{t('24 h ago')}</span>
        <span>{t('now')}</span>
      </p>
      {newest.length > 0 && (
        <>
          <p className={styles.muted}>
            {t('{devices, plural, one {On one device.} other {On # devices.}}', { devices })}{' '}
            {t('{newest, plural, one {The last one:} other {The last #:}}', { newest: newest.length })}
          </p>
          <ul className={styles.list}>
            {newest.map(({ device_id, at, value }) => (
              <li key={`${device_id} ${at}`}>
                <span>{nameOf(device_id)}</span>
                <span className={styles.muted}>
                  {value !== null &&
                    (kind === 'missing'
                      ? t('{minutes} min silent', { minutes: Math.round(value) })
                      : formatNumber(value))}
                </span>
                <time dateTime={at}>{formatClock(new Date(at), now)}</time>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

/** What the preview cannot show. */
function Bounds({ trial: { looked_from }, draft }: { trial: Trial; draft: RuleDraft }) {
  const now = new Date(useNow(60) * 1000);
  return (
    <>
      {looked_from && (
        <p className={styles.muted}>
          {t('There are too many readings to try all of them: only what came since {time} was looked at.', {
            time: formatClock(new Date(looked_from), now),
          })}
        </p>
      )}
      {draft.for_minutes !== null && (
        <p className={styles.muted}>
          {t(
            'What was so before that time counts from its first reading in it. Where a device reports every few seconds, times are exact to the minute.',
          )}
        </p>
      )}
    </>
  );
}

/** The value once it has not changed for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
