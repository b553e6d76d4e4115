'use client';
// The form of a rule.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { MAX_WINDOW_MINUTES } from '../../../../domain/alert-rules.ts';
import { MAX_NAME_LENGTH } from '../../../../domain/identifiers.ts';
import { t } from '../../language/translate.ts';
import { Choice, Field, FieldRow } from '../../ui/field.tsx';
import { numberFields } from '../devices/statuses.ts';
import { useDevices } from '../devices/use-devices.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { KIND_NAMES, WINDOW_MEANS } from './rule-words.ts';
import { KINDS, type RuleDraft, type RuleKind, SEVERITIES, type Severity } from './rules.ts';

interface Props {
  draft: RuleDraft;
  onChange: (change: Partial<RuleDraft>) => void;
}

export function RuleFields({ draft, onChange }: Props) {
  const { data: devices } = useDevices();
  const fieldsId = useId();
  const fields = useKnownFields(draft.device_id);
  const hasThreshold = draft.kind !== 'missing';
  return (
    <div>
      <Field
        label={t('Name')}
        value={draft.name}
        onChange={(event) => onChange({ name: event.target.value })}
        maxLength={MAX_NAME_LENGTH}
        required
      />
      <Choice
        label={t('Fires when')}
        value={draft.kind}
        onChange={(event) => onChange({ kind: event.target.value as RuleKind })}
      >
        {KINDS.map((kind) => (
          <option key={kind} value={kind}>
            {t(KIND_NAMES[kind])}
          </option>
        ))}
      </Choice>
      <Choice
        label={t('Device')}
        value={draft.device_id ?? ''}
        onChange={(event) => onChange({ device_id: event.target.value || null })}
      >
        <option value="">{t('Every device')}</option>
        {devices?.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Choice>
      {hasThreshold && (
        <>
          <Field
            label={t('Field')}
            list={fieldsId}
            value={draft.field ?? ''}
            onChange={(event) => onChange({ field: event.target.value || null })}
            hint={
              fields.length > 0
                ? t('Seen lately: {fields}', { fields: fields.slice(0, 6).join(', ') })
                : t('The name of a number in the readings.')
            }
            autoCapitalize="off"
            spellCheck={false}
            required
          />
          <datalist id={fieldsId}>
            {fields.map((field) => (
              <option key={field} value={field} />
            ))}
          </datalist>
          <FieldRow>
            <Choice
              label={t('Is')}
              value={draft.comparison ?? 'above'}
              onChange={(event) => onChange({ comparison: event.target.value as 'above' | 'below' })}
            >
              <option value="above">{t('above')}</option>
              <option value="below">{t('below')}</option>
            </Choice>
            <Field
              label={draft.kind === 'rate' ? t('Change a minute') : t('Threshold')}
              type="number"
              step="any"
              value={numberText(draft.threshold)}
              onChange={(event) => onChange({ threshold: toNumber(event.target.value) })}
              required
            />
          </FieldRow>
        </>
      )}
      <FieldRow>
        <Field
          label={t('Minutes')}
          type="number"
          min={1}
          max={MAX_WINDOW_MINUTES}
          value={Number.isNaN(draft.window_minutes) ? '' : draft.window_minutes}
          onChange={(event) => onChange({ window_minutes: toNumber(event.target.value) ?? Number.NaN })}
          hint={t(WINDOW_MEANS[draft.kind])}
          required
        />
        <Choice
          label={t('Severity')}
          value={draft.severity}
          onChange={(event) => onChange({ severity: event.target.value as Severity })}
        >
          {SEVERITIES.map((severity) => (
            <option key={severity} value={severity}>
              {t(severity)}
            </option>
          ))}
        </Choice>
      </FieldRow>
    </div>
  );
}

/** Names of the device's fields that are numbers, or of those of the devices heard last. */
function useKnownFields(deviceId: string | null): string[] {
  const { tenant_id } = useTenant().tenant;
  const { data } = useQuery({
    queryKey: ['statuses', tenant_id, 'fields', deviceId],
    queryFn: () => numberFields(tenant_id, deviceId),
    placeholderData: keepPreviousData,
  });
  return data ?? [];
}

const numberText = (value: number | null) => (value === null || Number.isNaN(value) ? '' : value);

const toNumber = (text: string) => (text.trim() === '' ? null : Number(text));
