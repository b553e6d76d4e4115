'use client';
// What can be done with the devices that are selected, and the choice of all that the filter finds.
import { useState } from 'react';
import { t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { messageOf } from '../session/errors.ts';
import { useTenant } from '../tenants/tenant.tsx';
import { BulkDialog, type BulkKind } from './bulk-dialog.tsx';
import { type Filter, foundIds } from './device-list.ts';
import styles from './devices-page.module.css';

interface Props {
  selected: ReadonlySet<string>;
  onSelect: (ids: string[]) => void;
  filter: Filter;
  /** How many the filter finds; undefined while they are counted. */
  found: number | undefined;
}

export function BulkBar({ selected, onSelect, filter, found }: Props) {
  const { tenant_id } = useTenant().tenant;
  const [kind, setKind] = useState<BulkKind>();
  const [isFinding, setIsFinding] = useState(false);
  const [problem, setProblem] = useState('');

  async function selectAll() {
    setIsFinding(true);
    setProblem('');
    try {
      onSelect(await foundIds(tenant_id, filter));
    } catch (error) {
      setProblem(messageOf(error));
    }
    setIsFinding(false);
  }

  return (
    <>
      <div className={styles.bulk} role="toolbar" aria-label={t('Selected devices')}>
        <strong role="status">{t('{count} selected', { count: selected.size })}</strong>
        {found !== undefined && found > selected.size && (
          <Button variant="quiet" busy={isFinding} onClick={selectAll}>
            {t('Select all {found}', { found })}
          </Button>
        )}
        <Button variant="quiet" onClick={() => onSelect([])}>
          {t('Clear')}
        </Button>
        <span className={styles.verbs}>
          <Button onClick={() => setKind('tag')}>{t('Tags')}</Button>
          <Button onClick={() => setKind('enable')}>{t('Enable')}</Button>
          <Button onClick={() => setKind('disable')}>{t('Disable')}</Button>
          <Button variant="danger" onClick={() => setKind('delete')}>
            {t('Delete')}
          </Button>
        </span>
      </div>
      {problem && <Notice tone="danger">{problem}</Notice>}
      {kind && (
        <BulkDialog
          kind={kind}
          ids={[...selected]}
          onClose={() => setKind(undefined)}
          onDone={() => onSelect(kind === 'delete' ? [] : [...selected])}
        />
      )}
    </>
  );
}
