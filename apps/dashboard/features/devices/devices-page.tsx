'use client';
// The list of devices: what each sent last, which are silent, which are switched off.
import { Cpu, FileUp, Plus, SearchX, SlidersHorizontal } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { rich, t } from '../../language/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Link } from '../../ui/link.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Empty, PageHead, Section, Skeleton } from '../../ui/page.tsx';
import { useQuota } from '../ingest/use-quota.ts';
import { AskButton } from '../questions/ask-button.tsx';
import { messageOf } from '../session/errors.ts';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import { DeviceTable } from './device-table.tsx';
import styles from './devices-page.module.css';
import { ListControls } from './list-controls.tsx';
import { useAsked, useColumns, useList } from './use-list.ts';

// Without `ssr: false` a part that comes later hides the whole page until it is there, and the focus is lost.
const BulkBar = dynamic(() => import('./bulk-bar.tsx').then(({ BulkBar }) => BulkBar), { ssr: false });
const ImportDevices = dynamic(() => import('./import-devices.tsx').then(({ ImportDevices }) => ImportDevices), {
  ssr: false,
});
const FirstHour = dynamic(() => import('../first-hour/first-hour.tsx').then(({ FirstHour }) => FirstHour), {
  ssr: false,
});
const AddDevice = dynamic(() => import('./add-device.tsx').then(({ AddDevice }) => AddDevice), { ssr: false });

const ReadingRules = dynamic(
  () => import('./reading-rules-dialog.tsx').then(({ ReadingRulesDialog }) => ReadingRulesDialog),
  { ssr: false },
);

export function DevicesPage() {
  const asked = useAsked();
  const { rows, more, all, live, found, tags, statuses, error } = useList(asked);
  const [columns, toggleColumn] = useColumns();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<'add' | 'import' | 'messages'>();
  const canManage = useCan('manage devices');
  const { tenant } = useTenant();
  const close = () => setOpen(undefined);
  const select = (ids: string[]) => setSelected(new Set(ids));
  const addButtons = canManage && (
    <>
      <Button onClick={() => setOpen('import')}>
        <FileUp aria-hidden />
        {t('Import')}
      </Button>
      <Button variant="primary" onClick={() => setOpen('add')}>
        <Plus aria-hidden />
        {t('Add device')}
      </Button>
    </>
  );
  return (
    <>
      <PageHead
        title={t('Devices')}
        about={all ? t('{all} registered, {live} live', { all, live: live ?? 0 }) : t('Devices of this tenant.')}
        actions={
          all !== 0 && (
            <>
              <AskButton kind="tenant" id={tenant.tenant_id} about={tenant.name} />
              {canManage && (
                <Button onClick={() => setOpen('messages')}>
                  <SlidersHorizontal aria-hidden />
                  {t('Messages')}
                </Button>
              )}
              {addButtons}
            </>
          )
        }
      />
      {error && <Notice tone="danger">{messageOf(error)}</Notice>}
      <RefusedToday />
      {all !== undefined && <FirstHour isEmpty={all === 0} />}
      {all === 0 ? (
        <Section title={t('Registered')} flush>
          <Empty icon={<Cpu />} title={t('No devices yet')} action={addButtons}>
            {canManage
              ? t('Add one to get its key and a command that publishes a first reading.')
              : t('Owners and staff can add one.')}
          </Empty>
        </Section>
      ) : (
        <Section
          title={t('Registered')}
          aside={<ListControls asked={asked} tags={tags} columns={columns} onColumn={toggleColumn} />}
          flush
        >
          {selected.size > 0 && <BulkBar selected={selected} onSelect={select} filter={asked.filter} found={found} />}
          {!rows && !error && <Skeleton lines={6} label={t('Loading devices')} />}
          {rows && rows.length > 0 && (
            <DeviceTable {...{ devices: rows, statuses, asked, columns, selected, onSelect: select }} />
          )}
          {rows && (more || asked.from) && (
            <p className={styles.more}>
              {asked.from && <Button onClick={asked.firstPage}>{t('First page')}</Button>}
              {found !== undefined && t('{rows} of {found}', { rows: rows.length, found })}
              {more && <Button onClick={() => asked.nextPage(rows.at(-1)!)}>{t('Next page')}</Button>}
            </p>
          )}
          {rows?.length === 0 && <NoMatch onClear={() => asked.ask({ search: '', state: 'all', tag: '' })} />}
        </Section>
      )}
      {open === 'messages' && <ReadingRules onClose={close} />}
      {open === 'add' && <AddDevice onClose={close} />}
      {open === 'import' && <ImportDevices onClose={close} />}
    </>
  );
}

/** A device shows its last stored values: without this notice, one that is over rate or quota looks stuck. */
function RefusedToday() {
  const { usage } = useQuota();
  const refused = usage?.over_quota ?? 0;
  if (refused === 0) return null;
  return (
    <Notice tone="warn">
      {rich(
        '{refused, plural, one {# reading was} other {# readings were}} refused today (UTC): over this tenant’s rate or daily quota. A device shows its last stored values. <link>See Ingest</link>',
        { refused, link: (text) => <Link href="/admin/ingest">{text}</Link> },
      )}
    </Notice>
  );
}

const NoMatch = ({ onClear }: { onClear: () => void }) => (
  <Empty icon={<SearchX />} title={t('No match')} action={<Button onClick={onClear}>{t('Show all devices')}</Button>}>
    {t('No device matches this search, state and tag.')}
  </Empty>
);
