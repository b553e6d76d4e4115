'use client';
// The list of devices: what each sent last, which are silent, which are switched off.
import { Cpu, Plus, SearchX } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Empty, PageHead, Section, Skeleton } from '../../ui/page.tsx';
import { Search } from '../../ui/search.tsx';
import { useNow } from '../../ui/time.tsx';
import { messageOf } from '../session/errors.ts';
import { useMay } from '../tenants/tenant.tsx';
import { DeviceTable } from './device-table.tsx';
import { deviceState } from './state.ts';
import { useDevices, useLatestReadings } from './use-devices.ts';

const AddDevice = dynamic(() => import('./add-device.tsx').then(({ AddDevice }) => AddDevice));

export function DevicesPage() {
  const { data: devices, error } = useDevices();
  const { data: latest, error: latestError } = useLatestReadings();
  const [search, setSearch] = useState('');
  const [isAdding, setIsAdding] = useState(false);
  const mayManage = useMay('manage devices');
  const now = useNow();
  const sought = search.trim().toLowerCase();
  const found = devices?.filter(({ name, slug }) => `${name} ${slug}`.toLowerCase().includes(sought)) ?? [];
  const live = devices?.filter(
    ({ id, enabled }) => deviceState(enabled, latest?.get(id)?.received_at, now).word === 'Live',
  ).length;
  const problem = error ?? latestError;
  const addButton = mayManage && (
    <Button variant="primary" onClick={() => setIsAdding(true)}>
      <Plus aria-hidden />
      Add device
    </Button>
  );
  return (
    <>
      <PageHead
        title="Devices"
        about={
          devices && devices.length > 0
            ? `${devices.length} registered, ${live} live`
            : 'What publishes to this tenant.'
        }
        actions={devices?.length !== 0 && addButton}
      />
      {problem && <Notice tone="danger">{messageOf(problem)}</Notice>}
      {devices?.length === 0 ? (
        <Section title="Registered" flush>
          <Empty icon={<Cpu />} title="No devices yet" action={addButton}>
            {mayManage
              ? 'Add one to get its key and a command that publishes its first reading.'
              : 'An owner or a member of staff can add one.'}
          </Empty>
        </Section>
      ) : (
        <Section title="Registered" aside={<Search label="Search devices" value={search} onChange={setSearch} />} flush>
          {!devices && !error && <Skeleton lines={6} label="Loading devices" />}
          {found.length > 0 && <DeviceTable devices={found} latest={latest} />}
          {devices && found.length === 0 && (
            <Empty
              icon={<SearchX />}
              title="No match"
              action={<Button onClick={() => setSearch('')}>Clear search</Button>}
            >
              No device’s name or slug contains “{search}”.
            </Empty>
          )}
        </Section>
      )}
      {isAdding && <AddDevice onClose={() => setIsAdding(false)} />}
    </>
  );
}
