'use client';
// The choice of a chart's span of time: up to now, or from one time to another.
import { type FormEvent, useState } from 'react';
import { t } from '../../language/translate.ts';
import type { AddressChange } from '../../ui/address.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { twoDigits } from '../../ui/format.ts';
import { Segmented } from '../../ui/segmented.tsx';
import styles from './range-choice.module.css';
import { RANGES, type Range, SHORTEST, spanOf } from './ranges.ts';

const OPTIONS = [...RANGES, { value: 'own', label: 'From–to' }] as const;

interface Props {
  range: Range;
  onChange: (change: AddressChange) => void;
}

export function RangeChoice({ range, onChange }: Props) {
  const [isOwn, setIsOwn] = useState(false);
  const own = isOwn || 'from' in range;
  const named = RANGES.find((each) => each === range)?.value ?? 'own';
  return (
    <div className={styles.choice}>
      <Segmented
        label={t('Range')}
        options={OPTIONS.map(({ value, label }) => ({ value, label: t(label) }))}
        value={own ? 'own' : named}
        onChange={(value) => {
          setIsOwn(value === 'own');
          if (value !== 'own') onChange({ range: value, from: null, until: null });
        }}
      />
      {own && <Ends key={JSON.stringify(range)} range={range} onChange={onChange} />}
    </div>
  );
}

function Ends({ range, onChange }: Props) {
  const now = spanOf(range, Date.now() / 1000);
  const [from, setFrom] = useState(localTime('from' in range ? range.from : now.from));
  const [until, setUntil] = useState(localTime('from' in range ? range.until : now.until));
  const [first, last] = [secondsOf(from), secondsOf(until)];
  const isWrong = !(last - first >= SHORTEST);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!isWrong) onChange(addressOf(first, last));
  }
  return (
    <form className={styles.ends} onSubmit={submit}>
      <Field
        label={t('From')}
        type="datetime-local"
        step={1}
        value={from}
        onChange={({ target }) => setFrom(target.value)}
      />
      <Field
        label={t('To')}
        type="datetime-local"
        step={1}
        value={until}
        onChange={({ target }) => setUntil(target.value)}
        error={isWrong ? t('At least 10 seconds after From') : undefined}
      />
      <Button type="submit">{t('Show')}</Button>
    </form>
  );
}

/** A span by its ends as the address has it. @param from @param until epoch seconds. */
export const addressOf = (from: number, until: number): AddressChange => ({
  range: null,
  from: String(Math.floor(from)),
  until: String(Math.ceil(until)),
});

/** As the input has it, in local time. */
function localTime(seconds: number): string {
  const time = new Date(seconds * 1000);
  return `${time.getFullYear()}-${twoDigits(time.getMonth() + 1)}-${twoDigits(time.getDate())}T${[time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(':')}`;
}

const secondsOf = (local: string) => Date.parse(local) / 1000;
