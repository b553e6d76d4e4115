'use client';
// The form of the rules by which messages are read, of one device or of the whole tenant.
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { MAX_REPEAT_MS, MAX_TIME_MEMBERS, TIME_MEMBERS_PATTERN } from '../../../../domain/messages-limits.ts';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Choice, Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/page.tsx';
import { messageOf } from '../session/errors.ts';
import { useChange } from '../session/use-change.ts';
import { useTenant } from '../tenants/tenant.tsx';
import type { Device } from './devices.ts';
import { namesIn, type ReadingRules, readRules, setRules } from './reading-rules.ts';

/** Members that hold the time in the messages of common firmware. */
const COMMON_MEMBERS = ['time', 'timestamp', 'Time', 'Epoch', 'params.ts'];

interface Props {
  /** Undefined: the rules are the tenant's. */
  device?: Device;
  onClose: () => void;
}

export function ReadingRulesDialog({ device, onClose }: Props) {
  const { tenant_id } = useTenant().tenant;
  const deviceId = device?.id ?? null;
  const { data: rules, error } = useQuery({
    queryKey: ['reading-rules', tenant_id, deviceId],
    queryFn: () => readRules(tenant_id, deviceId),
  });
  return (
    <Dialog
      title={device ? t('Messages of {name}', { name: device.name }) : t('Messages of all devices')}
      onClose={onClose}
    >
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {rules ? (
        <RulesForm rules={rules} device={device} onClose={onClose} />
      ) : (
        <Skeleton lines={5} label={t('Loading rules')} />
      )}
    </Dialog>
  );
}

function RulesForm({ rules, device, onClose }: Props & { rules: ReadingRules }) {
  const { tenant_id } = useTenant().tenant;
  const [members, setMembers] = useState(rules.time_members?.join(', ') ?? '');
  const [draft, setDraft] = useState(rules);
  const listId = useId();
  const names = namesIn(members);
  const isWrong = names !== null && (names.length > MAX_TIME_MEMBERS || !TIME_MEMBERS_PATTERN.test(names.join(',')));
  const save = useChange({
    run: (own: ReadingRules) => setRules(tenant_id, device?.id ?? null, own),
    done: () => t('The rules are saved. They are in force within a minute.'),
    changes: ['reading-rules'],
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!isWrong) save.mutate({ ...draft, time_members: names }, { onSuccess: onClose });
  }
  const inherited = device ? t('As for all devices') : t('No');
  return (
    <form onSubmit={submit}>
      <Field
        label={t('Members that hold the time')}
        list={listId}
        value={members}
        onChange={(event) => setMembers(event.target.value)}
        hint={t('For readings without ts: names in their JSON, such as Epoch. The first one found counts.')}
        error={
          isWrong ? t('At most {most} names of letters, digits and _ . : @ -', { most: MAX_TIME_MEMBERS }) : undefined
        }
        autoCapitalize="off"
        spellCheck={false}
      />
      <datalist id={listId}>
        {COMMON_MEMBERS.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <YesOrNo
        label={t('Arrays are SenML packs')}
        hint={t('Only for sensors that send SenML (RFC 8428) without its content type.')}
        value={draft.senml}
        inherited={inherited}
        onChange={(senml) => setDraft({ ...draft, senml })}
      />
      <YesOrNo
        label={t('Replace the time of a wrong clock')}
        hint={t(
          'A time that is out of range, such as 1970, is replaced by the time of receipt. Otherwise the reading is refused.',
        )}
        value={draft.repairs_clock}
        inherited={inherited}
        onChange={(repairs_clock) => setDraft({ ...draft, repairs_clock })}
      />
      <Field
        label={t('Ignore repeats within (milliseconds)')}
        type="number"
        min={0}
        max={MAX_REPEAT_MS}
        value={draft.repeat_ms ?? ''}
        placeholder={device ? t('As for all devices') : '1000'}
        onChange={({ target: { value } }) => setDraft({ ...draft, repeat_ms: value === '' ? null : Number(value) })}
        hint={t(
          'A message that equals the previous one and comes within this time is not stored again. 0: every message is stored.',
        )}
      />
      <DialogActions>
        <Button onClick={onClose}>{t('Cancel')}</Button>
        <Button type="submit" variant="primary" busy={save.isPending}>
          {t('Save')}
        </Button>
      </DialogActions>
    </form>
  );
}

interface YesOrNoProps {
  label: string;
  hint?: string;
  value: boolean | null;
  /** What holds when nothing is chosen. */
  inherited: string;
  onChange: (value: boolean | null) => void;
}

function YesOrNo({ label, hint, value, inherited, onChange }: YesOrNoProps) {
  return (
    <Choice
      label={label}
      hint={hint}
      value={value === null ? '' : String(value)}
      onChange={(event) => onChange(event.target.value === '' ? null : event.target.value === 'true')}
    >
      <option value="">{inherited}</option>
      <option value="true">{t('Yes')}</option>
      {inherited !== t('No') && <option value="false">{t('No')}</option>}
    </Choice>
  );
}
