'use client';
// The form of a route.
import { type FormEvent, useId, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Choice, Field, FieldRow } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { SEVERITIES } from '../alerts/rules.ts';
import { typedTags } from '../devices/tags.tsx';
import { messageOf } from '../session/errors.ts';
import { useChange } from '../session/use-change.ts';
import { LimitNote } from '../tenants/limit-note.tsx';
import styles from './notifications.module.css';
import { type Route, type RouteDraft, setRoute } from './routes.ts';
import { useChannels, useTags } from './use-notifications.ts';
import { routeProblem } from './words.ts';

/** Most minutes to wait or between repetitions: 7 days. */
const MOST_MINUTES = 10_080;

const NEW: RouteDraft = {
  channel_id: '',
  severities: ['warning', 'critical'],
  tags: [],
  after_minutes: 0,
  repeat_minutes: null,
  until: 'acknowledged',
  tells_resolved: true,
  quiet_from: null,
  quiet_until: null,
  time_zone: 'UTC',
  critical_passes: true,
  digest_above: 6,
  enabled: true,
};

interface Props {
  /** Undefined: a new one. */
  route: Route | undefined;
  onClose: () => void;
}

export function RouteDialog({ route, onClose }: Props) {
  const { data: channels = [] } = useChannels();
  const [draft, setDraft] = useState<RouteDraft>(() => route ?? newDraft(channels[0]?.id ?? ''));
  const [isTried, setIsTried] = useState(false);
  const problem = routeProblem(draft);
  const change = (part: Partial<RouteDraft>) => setDraft((before) => ({ ...before, ...part }));
  const save = useChange({
    run: ({ id: _, ...whole }: RouteDraft & { id?: string }) => setRoute(route?.id, whole),
    done: () => (route ? t('The route is changed.') : t('The route is in force for alerts that open from now on.')),
    changes: ['routes', 'notifications', 'limits'],
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    setIsTried(true);
    if (!problem) save.mutate(draft, { onSuccess: onClose });
  }
  return (
    <Dialog title={route ? t('Edit the route') : t('Add a route')} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <Choice
          label={t('Channel')}
          value={draft.channel_id}
          onChange={(event) => change({ channel_id: event.target.value })}
        >
          {channels.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Choice>
        <fieldset className={styles.checks}>
          <legend>{t('Alerts that are')}</legend>
          {SEVERITIES.map((severity) => (
            <Check
              key={severity}
              label={t(severity)}
              checked={draft.severities.includes(severity)}
              // In the order of severity, whatever was ticked first.
              onChange={(isChosen) =>
                change({
                  severities: SEVERITIES.filter((each) =>
                    each === severity ? isChosen : draft.severities.includes(each),
                  ),
                })
              }
            />
          ))}
        </fieldset>
        <TagsField initial={route?.tags ?? []} onChange={(text) => change({ tags: typedTags(text) })} />
        <FieldRow>
          <Field
            label={t('Wait (minutes)')}
            type="number"
            min={0}
            max={MOST_MINUTES}
            value={Number.isNaN(draft.after_minutes) ? '' : draft.after_minutes}
            onChange={({ target: { value } }) => change({ after_minutes: value === '' ? Number.NaN : Number(value) })}
            hint={t('0: told at once. More: an escalation.')}
          />
          <Field
            label={t('Repeat every (minutes)')}
            type="number"
            min={5}
            max={MOST_MINUTES}
            value={draft.repeat_minutes ?? ''}
            onChange={({ target: { value } }) => change({ repeat_minutes: value === '' ? null : Number(value) })}
            placeholder={t('never')}
            hint={t('Nothing: told once.')}
          />
        </FieldRow>
        <Choice
          label={t('Wait and repeat until the alert is')}
          value={draft.until}
          onChange={(event) => change({ until: event.target.value as RouteDraft['until'] })}
          hint={
            draft.until === 'acknowledged' ? t('Or resolved, if that comes first.') : t('Also while somebody is on it.')
          }
        >
          <option value="acknowledged">{t('acknowledged')}</option>
          <option value="resolved">{t('resolved')}</option>
        </Choice>
        <Check
          label={t('Tell when it is resolved, too')}
          checked={draft.tells_resolved}
          onChange={(tells_resolved) => change({ tells_resolved })}
        />
        <QuietHours draft={draft} onChange={change} />
        <Field
          label={t('A digest beyond (times an hour)')}
          type="number"
          min={1}
          max={1000}
          value={Number.isNaN(draft.digest_above) ? '' : draft.digest_above}
          onChange={({ target: { value } }) => change({ digest_above: value === '' ? Number.NaN : Number(value) })}
          hint={t('A device whose alert opens and resolves more often is told of once an hour, in a digest.')}
        />
        {!route && <LimitNote limit="max_routes" noun="routes" />}
        {isTried && problem && <Notice tone="danger">{problem}</Notice>}
        {save.error && <Notice tone="danger">{messageOf(save.error)}</Notice>}
        <DialogActions>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button type="submit" variant="primary" busy={save.isPending}>
            {route ? t('Save route') : t('Add route')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** In this browser's time zone. */
const newDraft = (channel_id: string): RouteDraft => ({
  ...NEW,
  channel_id,
  time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
});

function TagsField({ initial, onChange }: { initial: string[]; onChange: (text: string) => void }) {
  const { data: known = [] } = useTags();
  const [text, setText] = useState(initial.join(' '));
  const listId = useId();
  return (
    <>
      <Field
        label={t('Of devices with a tag')}
        list={listId}
        value={text}
        onChange={({ target: { value } }) => {
          setText(value);
          onChange(value);
        }}
        placeholder={t('all devices')}
        hint={t('A device needs only one of several tags.')}
        autoComplete="off"
        spellCheck={false}
      />
      <datalist id={listId}>
        {known.map(({ tag }) => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
    </>
  );
}

function QuietHours({ draft, onChange }: { draft: RouteDraft; onChange: (change: Partial<RouteDraft>) => void }) {
  const zonesId = useId();
  return (
    <>
      <FieldRow>
        <Field
          label={t('Quiet from')}
          type="time"
          value={draft.quiet_from?.slice(0, 5) ?? ''}
          onChange={(event) => onChange({ quiet_from: event.target.value || null })}
          hint={t('What happens then is told afterwards, in a digest.')}
        />
        <Field
          label={t('Quiet until')}
          type="time"
          value={draft.quiet_until?.slice(0, 5) ?? ''}
          onChange={(event) => onChange({ quiet_until: event.target.value || null })}
          hint={t('Nothing: no quiet hours.')}
        />
      </FieldRow>
      {draft.quiet_from && (
        <>
          <Field
            label={t('Time zone')}
            list={zonesId}
            value={draft.time_zone}
            onChange={(event) => onChange({ time_zone: event.target.value })}
            hint={t('Such as Europe/Berlin. Daylight saving is kept.')}
            autoComplete="off"
            spellCheck={false}
          />
          <datalist id={zonesId}>
            {Intl.supportedValuesOf('timeZone').map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
          <Check
            label={t('Critical alerts are told in quiet hours, too')}
            checked={draft.critical_passes}
            onChange={(critical_passes) => onChange({ critical_passes })}
          />
        </>
      )}
    </>
  );
}

interface CheckProps {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

const Check = ({ label, checked, onChange }: CheckProps) => (
  <label className={styles.check}>
    <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
    {label}
  </label>
);
