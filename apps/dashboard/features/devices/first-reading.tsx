'use client';
// Waits until a device has published, and says so.
import { useQuery } from '@tanstack/react-query';
import { CircleCheck } from 'lucide-react';
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { classes } from '../../ui/classes.ts';
import { polled } from '../session/queries.tsx';
import { fieldsOf } from '../telemetry/fields.ts';
import { recentReadings } from '../telemetry/readings.ts';
import { useFieldWords } from '../telemetry/use-field-names.ts';
import { useTenant } from '../tenants/tenant.tsx';
import styles from './first-reading.module.css';

const POLL_MS = 1000;

/** @param isNew the device has never published: any reading is its first. */
export function FirstReading({ deviceId, isNew }: { deviceId: string; isNew?: boolean | undefined }) {
  const { tenant_id } = useTenant().tenant;
  const wordsOf = useFieldWords();
  const [openedAt] = useState(() => Date.now());
  const { data } = useQuery({
    queryKey: ['first-reading', deviceId],
    queryFn: () => recentReadings(tenant_id, deviceId, 1),
    ...polled(POLL_MS),
  });
  const newest = data?.[0];
  const reading = newest && (isNew || Date.parse(newest.received_at) > openedAt) ? newest : undefined;
  return (
    <div className={classes(styles.wait, reading && styles.arrived)} role="status">
      {reading ? <CircleCheck aria-hidden /> : <span className={styles.dot} aria-hidden />}
      <div>
        <strong>{reading ? t('The first reading is here') : t('Waiting for the first reading…')}</strong>
        <p>
          {reading
            ? fieldsOf(reading.payload)
                .slice(0, 4)
                .map(({ field, value }) => `${wordsOf(field).label} ${wordsOf(field).write(value)}`)
                .join(', ')
            : t('It appears here within two seconds of being published.')}
        </p>
      </div>
    </div>
  );
}
