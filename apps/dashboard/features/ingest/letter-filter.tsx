'use client';
// Which dead letters are shown, redriven and discarded: by reason, device and age.
import { REJECTION_REASONS } from '../../../../domain/messages-reasons.ts';
import { t } from '../../language/translate.ts';
import { Choice } from '../../ui/field.tsx';
import { useDevices } from '../devices/use-devices.ts';
import type { LetterFilter } from './dead-letters.ts';
import styles from './dead-letters-section.module.css';

/** Hours that a letter may be old. */
const AGES = [
  { hours: 1, label: 'the last hour' },
  { hours: 24, label: 'the last 24 hours' },
  { hours: 168, label: 'the last 7 days' },
] as const;

interface Props {
  filter: LetterFilter;
  onChange: (filter: LetterFilter) => void;
}

export function LetterFilterFields({ filter, onChange }: Props) {
  const { data: devices } = useDevices();
  return (
    <div className={styles.filter}>
      <Choice
        label={t('Reason')}
        value={filter.reason ?? ''}
        onChange={({ target }) => onChange({ ...filter, reason: target.value || undefined })}
      >
        <option value="">{t('any')}</option>
        {REJECTION_REASONS.map((reason) => (
          <option key={reason}>{reason}</option>
        ))}
      </Choice>
      <Choice
        label={t('Device')}
        value={filter.deviceId ?? ''}
        onChange={({ target }) => onChange({ ...filter, deviceId: target.value || undefined })}
      >
        <option value="">{t('any')}</option>
        {devices?.map(({ id, slug }) => (
          <option key={id} value={id}>
            {slug}
          </option>
        ))}
      </Choice>
      <Choice
        label={t('Received within')}
        value={String(filter.hours ?? '')}
        onChange={({ target }) => onChange({ ...filter, hours: Number(target.value) || undefined })}
      >
        <option value="">{t('any time')}</option>
        {AGES.map(({ hours, label }) => (
          <option key={hours} value={hours}>
            {t(label)}
          </option>
        ))}
      </Choice>
    </div>
  );
}
