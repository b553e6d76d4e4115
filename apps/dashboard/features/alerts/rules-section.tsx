'use client';
// The rules: create, change, switch off and delete them.
import { Plus, Siren } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Empty, Section, Skeleton } from '../../ui/page.tsx';
import { messageOf } from '../session/errors.ts';
import { useChange } from '../session/use-change.ts';
import { useCan } from '../tenants/tenant.tsx';
import { deleteRule, type Rule } from './rules.ts';
import { RulesTable } from './rules-table.tsx';
import { useRules } from './use-alerts.ts';

// Without `ssr: false` the whole page is hidden until the dialog is there.
const RuleDialog = dynamic(() => import('./rule-dialog.tsx').then(({ RuleDialog }) => RuleDialog), { ssr: false });

/** @param isMaking opens the form for a new rule. */
export function RulesSection({ isMaking }: { isMaking: boolean }) {
  const canManage = useCan('manage rules');
  const { data: rules, error } = useRules();
  const [edited, setEdited] = useState<Rule | 'new' | undefined>(isMaking ? 'new' : undefined);
  const [doomed, setDoomed] = useState<Rule>();
  const remove = useChange({
    run: ({ id }: Rule) => deleteRule(id),
    done: ({ name }) => t('The rule {name} is deleted.', { name }),
    changes: ['rules', 'alerts', 'limits'],
  });
  const newButton = canManage && (
    <Button variant="primary" onClick={() => setEdited('new')}>
      <Plus aria-hidden />
      {t('New rule')}
    </Button>
  );
  return (
    <Section title={t('Rules')} flush aside={rules && rules.length > 0 && newButton}>
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      {!rules && !error && <Skeleton lines={4} label={t('Loading rules')} />}
      {rules && rules.length > 0 && <RulesTable rules={rules} onEdit={setEdited} onDelete={setDoomed} />}
      {rules?.length === 0 && (
        <Empty icon={<Siren />} title={t('No rules yet')} action={newButton}>
          {canManage
            ? t('Start with one that opens an alert when a device is silent for 15 minutes.')
            : t('Owners and staff can create one.')}
        </Empty>
      )}
      {edited && <RuleDialog rule={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      {doomed && (
        <Confirm
          title={t('Delete the rule {name}?', { name: doomed.name })}
          action={t('Delete rule')}
          onClose={() => setDoomed(undefined)}
          onConfirm={async () => {
            await remove.mutateAsync(doomed);
            setDoomed(undefined);
          }}
        >
          <p>{t('Its alerts, open and resolved, are deleted with it. To keep them, switch the rule off instead.')}</p>
        </Confirm>
      )}
    </Section>
  );
}
