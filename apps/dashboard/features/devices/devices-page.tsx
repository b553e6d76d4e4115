'use client';
// The list of devices: what each sent last, which are silent, which are switched off.
import { Cpu, Plus, SearchX, SlidersHorizontal } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { formatNumber } from '../../ui/format.ts';
import { Link } from '../../ui/link.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Empty, PageHead, Section, Skeleton } from '../../ui/page.tsx';
import { Search } from '../../ui/search.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { useQuota } from '../ingest/use-quota.ts';
import { messageOf } from '../session/errors.ts';
import { useCan } from '../tenants/tenant.tsx';
import { DeviceTable } from './device-table.tsx';
import styles from './devices-page.module.css';
import { useDevices, useStatuses } from './use-devices.ts';
import { STATES, type StateFilter, useFound } from './use-found.ts';

const FirstHour = dynamic(() => import('../first-hour/first-hour.tsx').then(({ FirstHour }) => FirstHour));

const AddDevice = dynamic(() => import('./add-device.tsx').then(({ AddDevice }) => AddDevice));

const ReadingRules = dynamic(() =>
  import('./reading-rules-dialog.tsx').then(({ ReadingRulesDialog }) => ReadingRulesDialog),
);

/** Rows drawn at first: each is redrawn every second. */
const FIRST = 100;

export function DevicesPage() {
  const { data: devices, error } = useDevices();
  const { data: statuses, error: statusError } = useStatuses();
  const [search, setSearch] = useState('');
  const [state, setState] = useState<StateFilter>('all');
  const [showsAll, setShowsAll] = useState(false);
  const [isAdding, setIsAdding] = useState(false);
  const [isRuling, setIsRuling] = useState(false);
  const canManage = useCan('manage devices');
  const { found, live } = useFound(devices, statuses, search, state);
  const shown = showsAll ? found : found.slice(0, FIRST);
  const problem = error ?? statusError;
  const clear = () => {
    setSearch('');
    setState('all');
  };
  const addButton = canManage && (
    <Button variant="primary" onClick={() => setIsAdding(true)}>
      <Plus aria-hidden />
      Add device
    </Button>
  );
  return (
    <>
      <PageHead
        title="Devices"
        about={devices && devices.length > 0 ? `${devices.length} registered, ${live} live` : 'Devices of this tenant.'}
        actions={
          devices?.length !== 0 && (
            <>
              {canManage && (
                <Button onClick={() => setIsRuling(true)}>
                  <SlidersHorizontal aria-hidden />
                  Messages
                </Button>
              )}
              {addButton}
            </>
          )
        }
      />
      {problem && <Notice tone="danger">{messageOf(problem)}</Notice>}
      <RefusedToday />
      {devices && <FirstHour isEmpty={devices.length === 0} statuses={statuses} />}
      {devices?.length === 0 ? (
        <Section title="Registered" flush>
          <Empty icon={<Cpu />} title="No devices yet" action={addButton}>
            {canManage
              ? 'Add one to get its key and a command that publishes a first reading.'
              : 'Owners and staff can add one.'}
          </Empty>
        </Section>
      ) : (
        <Section
          title="Registered"
          aside={
            <span className={styles.filters}>
              <Segmented label="State" options={STATES} value={state} onChange={setState} />
              <Search label="Search devices" value={search} onChange={setSearch} />
            </span>
          }
          flush
        >
          {!devices && !error && <Skeleton lines={6} label="Loading devices" />}
          {found.length > 0 && <DeviceTable devices={shown} statuses={statuses} />}
          {found.length > shown.length && (
            <p className={styles.more}>
              <Button onClick={() => setShowsAll(true)}>Show all {found.length}</Button>
            </p>
          )}
          {devices && found.length === 0 && <NoMatch onClear={clear} />}
        </Section>
      )}
      {isRuling && <ReadingRules onClose={() => setIsRuling(false)} />}
      {isAdding && <AddDevice onClose={() => setIsAdding(false)} />}
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
      {refused === 1 ? '1 reading was' : `${formatNumber(refused)} readings were`} refused today (UTC): over this
      tenant’s rate or daily quota. A device shows its last stored values. <Link href="/admin/ingest">See Ingest</Link>
    </Notice>
  );
}

const NoMatch = ({ onClear }: { onClear: () => void }) => (
  <Empty icon={<SearchX />} title="No match" action={<Button onClick={onClear}>Show all devices</Button>}>
    No device matches this search and state.
  </Empty>
);
