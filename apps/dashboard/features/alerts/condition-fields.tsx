'use client';
// A condition of a rule: a field, a comparison, and what it is compared with.
import { useId } from 'react';
import { MAX_WANTED_LENGTH } from '../../../../domain/alert-rules.ts';
import { t } from '../../language/translate.ts';
import { Choice, Field, FieldRow } from '../../ui/field.tsx';
import { type FieldValue, numberIn } from '../telemetry/fields.ts';
import { type Condition, comparesNumbers } from './rule-words.ts';
import { COMPARISONS, type Comparison } from './rules.ts';

interface Props {
  condition: Condition;
  onChange: (change: Partial<Condition>) => void;
  /** Fields that devices have sent lately. */
  known: FieldValue[];
  /** A rate compares a number, a change a minute. */
  isRate?: boolean;
}

/** As the form says it. */
const IN_A_SENTENCE = {
  above: 'is above',
  below: 'is below',
  is: 'is',
  'is not': 'is not',
  contains: 'contains',
} as const;

/** True and false are compared as words; a chart shows them as 1 and 0. */
const isNumber = (value: unknown) => typeof value !== 'boolean' && numberIn(value) !== undefined;

export function ConditionFields({ condition, onChange, known, isRate = false }: Props) {
  const [fieldsId, valuesId] = [useId(), useId()];
  const { field, comparison, threshold, wanted } = condition;
  const ofNumbers = comparesNumbers(condition);
  const offered = isRate ? known.filter(({ value }) => isNumber(value)) : known;
  const sent = known.find((one) => one.field === field)?.value;
  const values = typeof sent === 'boolean' ? ['true', 'false'] : sent === undefined ? [] : [String(sent)];

  function chooseField(name: string) {
    const value = known.find((one) => one.field === name)?.value;
    // A door is open or shut, not above something.
    const isText = value !== undefined && !isNumber(value);
    onChange({ field: name || null, ...(isText && ofNumbers && !isRate && { comparison: 'is' as const }) });
  }

  return (
    <>
      <Field
        label={t('Field')}
        list={fieldsId}
        value={field ?? ''}
        onChange={(event) => chooseField(event.target.value)}
        hint={
          offered.length > 0
            ? t('Seen lately: {fields}', {
                fields: offered
                  .slice(0, 6)
                  .map((one) => one.field)
                  .join(', '),
              })
            : t('A name in the readings, such as temperature, or a path, such as tank.level.')
        }
        autoCapitalize="off"
        spellCheck={false}
        required
      />
      <datalist id={fieldsId}>
        {offered.map((one) => (
          <option key={one.field} value={one.field} />
        ))}
      </datalist>
      <FieldRow>
        <Choice
          label={t('Comparison')}
          value={comparison ?? 'above'}
          onChange={(event) => onChange({ comparison: event.target.value as Comparison })}
        >
          {COMPARISONS.slice(0, isRate ? 2 : undefined).map((one) => (
            <option key={one} value={one}>
              {t(IN_A_SENTENCE[one])}
            </option>
          ))}
        </Choice>
        {ofNumbers ? (
          <Field
            label={isRate ? t('Change a minute') : t('Threshold')}
            type="number"
            step="any"
            value={threshold === null || Number.isNaN(threshold) ? '' : threshold}
            onChange={({ target }) => onChange({ threshold: target.value.trim() === '' ? null : Number(target.value) })}
            required
          />
        ) : (
          <Field
            label={t('Value')}
            list={valuesId}
            value={wanted ?? ''}
            onChange={({ target }) => onChange({ wanted: target.value || null })}
            maxLength={MAX_WANTED_LENGTH}
            autoCapitalize="off"
            spellCheck={false}
            required
          />
        )}
      </FieldRow>
      <datalist id={valuesId}>
        {values.map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
    </>
  );
}
