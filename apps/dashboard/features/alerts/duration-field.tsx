'use client';
// A time as a number and a unit, kept in minutes.
import { useId, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Choice, Field, FieldRow } from '../../ui/field.tsx';
import styles from './rule-dialog.module.css';

const SIZES = { minutes: 1, hours: 60, days: 1440 };
type Unit = keyof typeof SIZES;
const UNITS = Object.keys(SIZES) as Unit[];

interface Props {
  label: string;
  /** NaN while nothing is typed. */
  minutes: number;
  least: number;
  most: number;
  hint: string;
  onChange: (minutes: number) => void;
}

export function DurationField({ label, minutes, least, most, hint, onChange }: Props) {
  const [unit, setUnit] = useState<Unit>(() =>
    minutes > 0 ? (UNITS.findLast((one) => minutes % SIZES[one] === 0) ?? 'minutes') : 'minutes',
  );
  const hintId = useId();
  const size = SIZES[unit];
  return (
    <>
      <FieldRow>
        <Field
          label={label}
          type="number"
          min={least}
          max={Math.floor(most / size)}
          value={Number.isNaN(minutes) ? '' : minutes / size}
          onChange={({ target }) => onChange(target.value.trim() === '' ? Number.NaN : Number(target.value) * size)}
          aria-describedby={hintId}
          required
        />
        <Choice
          label={t('Unit')}
          value={unit}
          onChange={({ target }) => {
            const next = target.value as Unit;
            setUnit(next);
            onChange((minutes / size) * SIZES[next]);
          }}
        >
          {UNITS.filter((one) => SIZES[one] <= most).map((one) => (
            <option key={one} value={one}>
              {t(one)}
            </option>
          ))}
        </Choice>
      </FieldRow>
      <p id={hintId} className={styles.hint}>
        {hint}
      </p>
    </>
  );
}
