'use client';
// The form of a rule.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { MAX_LASTING_MINUTES, MAX_WINDOW_MINUTES } from '../../../../domain/alert-rules.ts';
import { MAX_NAME_LENGTH } from '../../../../domain/identifiers.ts';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Choice, Field } from '../../ui/field.tsx';
import { knownFields } from '../devices/statuses.ts';
import { useDevices } from '../devices/use-devices.ts';
import { useTags } from '../notifications/use-notifications.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { ConditionFields } from './condition-fields.tsx';
import { DurationField } from './duration-field.tsx';
import styles from './rule-dialog.module.css';
import { KIND_NAMES, lasts, NO_CONDITION, secondOf, withSecond } from './rule-words.ts';
import { KINDS, type RuleDraft, type RuleKind, SEVERITIES, type Severity } from './rules.ts';

interface Props {
  draft: RuleDraft;
  onChange: (change: Partial<RuleDraft>) => void;
}

export function RuleFields({ draft, onChange }: Props) {
  const known = useKnownFields(draft.device_id);
  const { kind } = draft;
  const second = kind === 'threshold' ? secondOf(draft) : undefined;
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
        value={kind}
        onChange={(event) => onChange({ kind: event.target.value as RuleKind })}
      >
        {KINDS.map((one) => (
          <option key={one} value={one}>
            {t(KIND_NAMES[one])}
          </option>
        ))}
      </Choice>
      <DeviceChoice draft={draft} onChange={onChange} />
      {kind !== 'missing' && <ConditionFields condition={draft} {...{ onChange, known }} isRate={kind === 'rate'} />}
      {second && (
        <fieldset className={styles.second}>
          <legend>{t('And')}</legend>
          <ConditionFields
            condition={second}
            known={known}
            onChange={(change) => onChange(withSecond({ ...second, ...change }))}
          />
          <Button variant="quiet" onClick={() => onChange(withSecond(NO_CONDITION))}>
            {t('Remove this condition')}
          </Button>
        </fieldset>
      )}
      {kind === 'threshold' && !second && (
        <Button variant="quiet" onClick={() => onChange(withSecond({ ...NO_CONDITION, comparison: 'above' }))}>
          <Plus aria-hidden />
          {t('And a second condition')}
        </Button>
      )}
      <Times draft={draft} onChange={onChange} />
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
    </div>
  );
}

/** Every device, those with a tag, or one. */
function DeviceChoice({ draft: { device_id, tag }, onChange }: Props) {
  const { data: devices } = useDevices();
  const { data: tags } = useTags();
  const names = [...new Set([...(tags ?? []).map((one) => one.tag), ...(tag === null ? [] : [tag])])];
  return (
    <Choice
      label={t('Device')}
      value={tag === null ? (device_id ?? '') : `tag ${tag}`}
      onChange={({ target: { value } }) => {
        const chosen = value.startsWith('tag ') ? value.slice('tag '.length) : null;
        onChange({ tag: chosen, device_id: chosen === null ? value || null : null });
      }}
      hint={tag === null ? undefined : t('A device that is tagged later is judged from its next reading on.')}
    >
      <option value="">{t('Every device')}</option>
      {names.length > 0 && (
        <optgroup label={t('Devices tagged')}>
          {names.map((name) => (
            <option key={name} value={`tag ${name}`}>
              {t('tagged {tag}', { tag: name })}
            </option>
          ))}
        </optgroup>
      )}
      {devices && devices.length > 0 && (
        <optgroup label={t('One device')}>
          {devices.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </optgroup>
      )}
    </Choice>
  );
}

/** How long something must be so, and what ends the alert. */
function Times({ draft, onChange }: Props) {
  const { kind, window_minutes } = draft;
  const setWindow = (minutes: number) => onChange({ window_minutes: minutes });
  if (kind === 'missing')
    return (
      <DurationField
        key="silence"
        label={t('Silent for')}
        minutes={window_minutes}
        least={1}
        most={MAX_LASTING_MINUTES}
        hint={t('The next message resolves the alert.')}
        onChange={setWindow}
      />
    );
  const isLasting = lasts(draft);
  return (
    <>
      {kind === 'threshold' && (
        <DurationField
          key="for"
          label={t('For')}
          minutes={draft.for_minutes ?? 0}
          least={0}
          most={MAX_LASTING_MINUTES}
          hint={
            isLasting
              ? t(
                  'Every reading in that time must meet it; in silence the last value counts. The first reading that does not meet it resolves the alert.',
                )
              : t('0: the first reading that meets it opens the alert.')
          }
          onChange={(minutes) => onChange({ for_minutes: minutes })}
        />
      )}
      {!isLasting && (
        <DurationField
          key="window"
          label={kind === 'rate' ? t('Measured over') : t('Resolved after')}
          minutes={window_minutes}
          least={1}
          most={MAX_WINDOW_MINUTES}
          hint={
            kind === 'rate'
              ? t('The alert is resolved after as long without a breach.')
              : t('The alert is resolved when no reading meets it for so long.')
          }
          onChange={setWindow}
        />
      )}
    </>
  );
}

/** Fields of the device, or of the devices heard last. */
function useKnownFields(deviceId: string | null) {
  const { tenant_id } = useTenant().tenant;
  const { data } = useQuery({
    queryKey: ['statuses', tenant_id, 'fields', deviceId],
    queryFn: () => knownFields(tenant_id, deviceId),
    placeholderData: keepPreviousData,
  });
  return data ?? [];
}
