'use client';
import { Pencil, Trash2 } from 'lucide-react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Switch } from '../../ui/switch.tsx';
import { useTimely } from '../../ui/time.tsx';
import { useTags } from '../notifications/use-notifications.ts';
import { useChange } from '../session/use-change.ts';
import { useCan } from '../tenants/tenant.tsx';
import styles from './alerts.module.css';
import { describeRule, unjudgedWords } from './rule-words.ts';
import { changeRule, type Progress, type Rule } from './rules.ts';
import { SeverityBadge } from './severity-badge.tsx';
import { useDeviceNames, useProgress } from './use-alerts.ts';

interface Props {
  rules: Rule[];
  onEdit: (rule: Rule) => void;
  onDelete: (rule: Rule) => void;
}

/** Each rule in words, with actions for those who can manage rules. */
export function RulesTable({ rules, onEdit, onDelete }: Props) {
  const canManage = useCan('manage rules');
  const nameOf = useDeviceNames();
  const { data: progress } = useProgress();
  const enable = useChange({
    run: ({ id, enabled }: Rule) => changeRule(id, { enabled: !enabled }),
    done: ({ name, enabled }) =>
      enabled ? t('{name} is off. Its open alerts are resolved.', { name }) : t('{name} is on.', { name }),
    changes: ['rules', 'alerts'],
  });
  const columns: Column<Rule>[] = [
    {
      header: t('Rule'),
      title: true,
      cell: (rule) => (
        <span className={styles.alert}>
          {rule.name}
          <small>{describeRule(rule, rule.device_id === null ? undefined : nameOf(rule.device_id))}</small>
          {rule.tag !== null && <Tagged tag={rule.tag} />}
          {rule.enabled && <Unjudged progress={progress?.get(rule.id)} />}
        </span>
      ),
    },
    { header: t('Severity'), phone: 'corner', cell: ({ severity }) => <SeverityBadge severity={severity} /> },
    {
      header: t('Enabled'),
      cell: (rule) =>
        canManage ? (
          <Switch
            label={t('{name} enabled', { name: rule.name })}
            checked={rule.enabled}
            busy={enable.isPending && enable.variables.id === rule.id}
            onChange={() => enable.mutate(rule)}
          />
        ) : rule.enabled ? (
          t('yes')
        ) : (
          t('no')
        ),
    },
  ];
  if (canManage) {
    columns.push({
      header: t('Actions'),
      silent: true,
      cell: (rule) => (
        <>
          <Button
            variant="quiet"
            icon
            aria-label={t('Edit {name}', { name: rule.name })}
            title={t('Edit')}
            onClick={() => onEdit(rule)}
          >
            <Pencil aria-hidden />
          </Button>
          <Button
            variant="quiet"
            icon
            aria-label={t('Delete {name}', { name: rule.name })}
            title={t('Delete')}
            onClick={() => onDelete(rule)}
          >
            <Trash2 aria-hidden />
          </Button>
        </>
      ),
    });
  }
  return <DataTable caption={t('Rules')} columns={columns} rows={rules} keyOf={({ id }) => id} />;
}

/** How many devices a rule on a tag watches. */
function Tagged({ tag }: { tag: string }) {
  const { data: tags } = useTags();
  if (!tags) return null;
  const count = tags.find((one) => one.tag === tag)?.devices ?? 0;
  if (count === 0) return <small className={styles.unjudged}>{t('No device has this tag.')}</small>;
  return (
    <small>
      {t(
        '{count, plural, one {# device has} other {# devices have}} this tag. One that is tagged later is judged from its next reading on.',
        { count },
      )}
    </small>
  );
}

function Unjudged({ progress }: { progress: Progress | undefined }) {
  const words = useTimely((now) => unjudgedWords(progress, now));
  return words && <small className={styles.unjudged}>{words}</small>;
}
