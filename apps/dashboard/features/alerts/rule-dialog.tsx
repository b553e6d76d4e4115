'use client';
// The form for a rule, beside a preview of what it would have fired on.
import { type FormEvent, useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { useChange } from '../session/use-change.ts';
import { LimitNote } from '../tenants/limit-note.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import styles from './rule-dialog.module.css';
import { RuleFields } from './rule-fields.tsx';
import { RulePreview } from './rule-preview.tsx';
import { describeRule, draftProblem, tidy } from './rule-words.ts';
import { changeRule, createRule, type Rule, type RuleDraft } from './rules.ts';
import { useDeviceNames } from './use-alerts.ts';

const NEW: RuleDraft = {
  name: '',
  kind: 'threshold',
  device_id: null,
  tag: null,
  field: null,
  comparison: 'above',
  threshold: null,
  wanted: null,
  for_minutes: null,
  also_field: null,
  also_comparison: null,
  also_threshold: null,
  also_wanted: null,
  window_minutes: 5,
  severity: 'warning',
};

/** @param rule undefined: a new one. */
export function RuleDialog({ rule, onClose }: { rule: Rule | undefined; onClose: () => void }) {
  const { tenant_id } = useTenant().tenant;
  const [draft, setDraft] = useState<RuleDraft>(() => (rule ? draftOf(rule) : NEW));
  const nameOf = useDeviceNames();
  const problem = draftProblem(draft);
  const save = useChange({
    run: (whole: RuleDraft) => (rule ? changeRule(rule.id, whole) : createRule(tenant_id, whole)),
    done: ({ name }) =>
      rule ? t('{name} is changed.', { name }) : t('{name} is active from the next minute.', { name }),
    changes: ['rules', 'alerts', 'limits'],
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!problem) save.mutate({ ...tidy(draft), name: draft.name.trim() }, { onSuccess: onClose });
  }
  return (
    <Dialog title={rule ? t('Edit {name}', { name: rule.name }) : t('New rule')} onClose={onClose} large>
      <form onSubmit={submit}>
        {!problem && (
          <p className={styles.sentence}>
            {describeRule(tidy(draft), draft.device_id === null ? undefined : nameOf(draft.device_id))}.
          </p>
        )}
        <div className={styles.columns}>
          <RuleFields draft={draft} onChange={(change) => setDraft((before) => ({ ...before, ...change }))} />
          <RulePreview draft={tidy(draft)} problem={problem} />
        </div>
        {!rule && <LimitNote limit="max_rules" noun="rules" />}
        <DialogActions>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button type="submit" variant="primary" busy={save.isPending} disabled={problem !== undefined}>
            {rule ? t('Save rule') : t('Create rule')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** What of a rule a person decides: ids and times are the database's. A silence gets the others' defaults to change to. */
function draftOf({ id: _id, tenant_id: _tenant, enabled: _enabled, ...draft }: Rule): RuleDraft {
  return { ...draft, comparison: draft.comparison ?? 'above' };
}
