'use client';
// The newest value of each field with its age; numbers can be chosen for the chart. More than a dozen are folded.
import { useId, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { classes } from '../../ui/classes.ts';
import { Search } from '../../ui/search.tsx';
import { Ago } from '../../ui/time.tsx';
import { exactly } from './field-names.ts';
import { type NewestValue, numberIn } from './fields.ts';
import { useFieldWords } from './use-field-names.ts';
import styles from './value-tiles.module.css';

interface Props {
  /** Undefined while they load: their space is kept. */
  newest: NewestValue[] | undefined;
  field: string | undefined;
  onChange: (field: string) => void;
}

/** Tiles of a folded list, and how many more at a time. */
const FOLDED = 12;
const STEP = 60;

export function ValueTiles({ newest, field, onChange }: Props) {
  const wordsOf = useFieldWords();
  const [most, setMost] = useState(FOLDED);
  const [sought, setSought] = useState('');
  if (!newest) return <Room />;
  const words = sought.trim().toLowerCase();
  const found = words
    ? newest.filter((each) => `${each.field} ${wordsOf(each.field).label}`.toLowerCase().includes(words))
    : newest;
  // The chosen one is in view.
  const shown = found.filter((each, place) => place < most || each.field === field);
  const left = found.length - shown.length;
  return (
    <>
      {newest.length > FOLDED && (
        <div className={styles.find}>
          <Search
            label={t('Find one of {count} fields', { count: newest.length })}
            value={sought}
            onChange={setSought}
          />
        </div>
      )}
      <Tiles newest={shown} field={field} onChange={onChange} />
      {(left > 0 || most > FOLDED) && (
        <p className={styles.more}>
          {left > 0 && (
            <Button onClick={() => setMost(most + STEP)}>
              {t('Show {count} more', { count: Math.min(left, STEP) })}
            </Button>
          )}
          {most > FOLDED && (
            <Button variant="quiet" onClick={() => setMost(FOLDED)}>
              {t('Show fewer')}
            </Button>
          )}
        </p>
      )}
    </>
  );
}

function Tiles({ newest, field, onChange }: Props & { newest: NewestValue[] }) {
  const wordsOf = useFieldWords();
  const name = useId();
  return (
    <fieldset className={styles.tiles}>
      <legend className="visually-hidden">{t('Newest values; a number can be chosen for the chart')}</legend>
      {newest.map((each) => {
        const { label, write } = wordsOf(each.field);
        const text = write(each.value);
        const content = (
          <>
            <span title={each.field}>{label}</span>
            <strong className={classes(text.length > 9 && styles.long)} title={exactly(each.value)}>
              {text}
            </strong>
            <small>
              <Ago at={new Date(each.at).toISOString()} />
            </small>
          </>
        );
        if (numberIn(each.value) === undefined) {
          return (
            <div key={each.field} className={styles.tile}>
              {content}
            </div>
          );
        }
        return (
          <label key={each.field} className={styles.tile}>
            <input
              type="radio"
              name={name}
              aria-label={label}
              checked={each.field === field}
              onChange={() => onChange(each.field)}
            />
            {content}
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
      <small>…</small>
    </div>
  </div>
);
