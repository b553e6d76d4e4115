'use client';
// The form of a field's name, unit and decimals.
import { type FormEvent, useState } from 'react';
import { isDisplayName } from '../../../../domain/identifiers.ts';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field, FieldRow } from '../../ui/field.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { useChange } from '../session/use-change.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { type FieldName, setFieldName } from './field-names.ts';
import { useFieldName } from './use-field-names.ts';

interface Props {
  field: string;
  onClose: () => void;
}

export function FieldDialog({ field, onClose }: Props) {
  const name = useFieldName(field);
  return (
    <Dialog title={t('Field {field}', { field: field === '' ? '""' : field })} onClose={onClose}>
      {name ? <NameForm name={name} onClose={onClose} /> : <Skeleton lines={5} label={t('Loading field')} />}
    </Dialog>
  );
}

function NameForm({ name, onClose }: { name: FieldName; onClose: () => void }) {
  const { tenant_id } = useTenant().tenant;
  const [draft, setDraft] = useState(name);
  const save = useChange({
    run: (own: FieldName) => setFieldName(tenant_id, own),
    done: () => t('The field is saved, for all devices of this tenant.'),
    changes: ['field-names'],
  });
  const isWrong = (text: string | null) => text !== null && !isDisplayName(text);
  function submit(event: FormEvent) {
    event.preventDefault();
    const own = { ...draft, label: draft.label?.trim() || null, unit: draft.unit?.trim() || null };
    if (!isWrong(own.label) && !isWrong(own.unit)) save.mutate(own, { onSuccess: onClose });
  }
  return (
    <form onSubmit={submit}>
      <Field
        label={t('Name')}
        maxLength={60}
        value={draft.label ?? ''}
        placeholder={name.field}
        onChange={({ target }) => setDraft({ ...draft, label: target.value })}
        hint={t('Shown instead of the field’s own name, on all devices of this tenant.')}
      />
      <FieldRow>
        <Field
          label={t('Unit')}
          maxLength={20}
          value={draft.unit ?? ''}
          placeholder={'°C'}
          onChange={({ target }) => setDraft({ ...draft, unit: target.value })}
        />
        <Field
          label={t('Decimals')}
          type="number"
          min={0}
          max={9}
          value={draft.decimals ?? ''}
          placeholder={t('As sent')}
          onChange={({ target: { value } }) => setDraft({ ...draft, decimals: value === '' ? null : Number(value) })}
        />
      </FieldRow>
      <DialogActions>
        <Button onClick={onClose}>{t('Cancel')}</Button>
        <Button type="submit" variant="primary" busy={save.isPending}>
          {t('Save')}
        </Button>
      </DialogActions>
    </form>
  );
}
