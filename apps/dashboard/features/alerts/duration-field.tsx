'use client';
import { useState } from 'react';
// A time as a number and a unit, kept in minutes.
import { t } from '../../language/translate.ts';
import { Choice, Field, FieldRow } from '../../ui/field.tsx';

const SIZES = { minutes: 1, hours: 60, days: 1440 };
type Unit = keyof typeof SIZES;
const UNITS = Object.keys(SIZES) as Unit[];

interface Props {
  label: string;
  /** NaN while nothing is typed. */
  minutes: number;
  least: number;
  most: number;
  hint?: string;
  onChange: (minutes: number) => void;
}

export function DurationField({ label, minutes, least, most, hint, onChange }: Props) {
  const [unit, setUnit] = useState<Unit>(() =>
    minutes > 0 ? (UNITS.findLast((one) => minutes % SIZES[one] === 0) ?? 'minutes') : 'minutes',
  );
  const size = SIZES[unit];
  return (
    <FieldRow>
      <Field
        label={label}
        type="number"
        min={least}
        max={Math.floor(most / size)}
        value={Number.isNaN(minutes) ? '' : minutes / size}
        onChange={({ target }) => onChange(target.value.trim() === '' ? Number.NaN : Number(target.value) * size)}
        hint={hint}
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
  );
}
