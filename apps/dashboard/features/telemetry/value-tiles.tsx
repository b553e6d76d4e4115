'use client';
// A device's newest values, one of which the chart shows.
import { useId } from 'react';
import { formatNumber } from '../../ui/format.ts';
import styles from './value-tiles.module.css';

interface Props {
  /** Undefined while they load: their space is kept. */
  fields: string[] | undefined;
  /** The newest of each field. */
  values: Record<string, unknown>;
  field: string | undefined;
  onChange: (field: string) => void;
}

export function ValueTiles({ fields, values, field, onChange }: Props) {
  const name = useId();
  if (!fields) return <Room />;
  return (
    <fieldset className={styles.tiles}>
      <legend className="visually-hidden">Field shown in the chart</legend>
      {fields.map((each) => {
        const value = values[each];
        return (
          <label key={each} className={styles.tile}>
            <input
              type="radio"
              name={name}
              aria-label={each}
              checked={each === field}
              onChange={() => onChange(each)}
            />
            <span>{each}</span>
            <strong>{typeof value === 'number' ? formatNumber(value) : '–'}</strong>
          </label>
        );
      })}
    </fieldset>
  );
}

const Room = () => (
  <div className={styles.tiles} aria-hidden>
    <div className={styles.tile}>
      <span>…</span>
      <strong>–</strong>
    </div>
  </div>
);
