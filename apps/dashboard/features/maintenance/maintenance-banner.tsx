'use client';
// Says on top of every page that there is maintenance, until when and why, or that the database takes no writes. Without useQuery():
// pages without a session have no cache.
import { DatabaseZap, Wrench } from 'lucide-react';
import { useEffect, useState } from 'react';
import { rich, t } from '../../language/translate.ts';
import { formatMinute } from '../../ui/format.ts';
import { Ago, useTimely } from '../../ui/time.tsx';
import { currentMaintenance, isReadOnly, type Maintenance } from './maintenance.ts';
import styles from './maintenance-banner.module.css';

const POLL_MS = 30_000;

export function MaintenanceBanner() {
  const [maintenance, setMaintenance] = useState<Maintenance>();
  const [readOnly, setReadOnly] = useState(false);
  useEffect(() => {
    const ask = () => {
      // A platform that does not answer changes nothing: the page itself says that it cannot be reached.
      if (document.hidden) return;
      currentMaintenance().then(setMaintenance, () => {});
      isReadOnly().then(setReadOnly, () => {});
    };
    ask();
    const timer = setInterval(ask, POLL_MS);
    document.addEventListener('visibilitychange', ask);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', ask);
    };
  }, []);
  return (
    <>
      {maintenance && <Banner {...maintenance} />}
      {readOnly && <ReadOnly />}
    </>
  );
}

const ReadOnly = () => (
  <div className={styles.banner} role="status" aria-label={t('Read-only')}>
    <DatabaseZap aria-hidden />
    <p>
      {rich(
        '<strong>The platform stores nothing at the moment.</strong> You can read everything, but change nothing. Devices can keep sending: their readings wait at the broker.',
        { strong: (text) => <strong>{text}</strong> },
      )}
    </p>
  </div>
);

function Banner({ reason, ends_at }: Maintenance) {
  const end = new Date(ends_at);
  const isOver = useTimely((now) => now >= end);
  if (isOver) return null;
  return (
    <div className={styles.banner} role="status" aria-label={t('Maintenance')}>
      <Wrench aria-hidden />
      <p>
        {rich('<strong>Maintenance until {end}</strong> ({ago}): {reason} Messages about alerts wait until then.', {
          end: formatMinute(end),
          ago: <Ago at={ends_at} />,
          reason: /[.!?]$/.test(reason) ? reason : `${reason}.`,
          strong: (text) => <strong>{text}</strong>,
        })}
      </p>
    </div>
  );
}
