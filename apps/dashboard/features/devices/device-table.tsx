'use client';
// The list's rows: each device with its state and its newest values.
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { formatValue } from '../../ui/format.ts';
import { Link } from '../../ui/link.tsx';
import { Switch } from '../../ui/switch.tsx';
import { Ago } from '../../ui/time.tsx';
import { useCan } from '../tenants/tenant.tsx';
import styles from './device-table.module.css';
import { type Device, setDeviceEnabled } from './devices.ts';
import { clockWords } from './state.ts';
import { StateBadge } from './state-badge.tsx';
import type { ListedStatus } from './statuses.ts';
import { useRegistryChange } from './use-devices.ts';

export function DeviceTable({
  devices,
  statuses,
}: {
  devices: Device[];
  statuses: Map<string, ListedStatus> | undefined;
}) {
  const canManage = useCan('manage devices');
  const enable = useRegistryChange(
    ({ id, enabled }: Device) => setDeviceEnabled(id, !enabled),
    ({ name, enabled }) =>
      enabled ? `${name} is disabled. It is cut off within seconds.` : `${name} may connect again.`,
  );
  const columns: Column<Device>[] = [
    { header: 'Device', title: true, cell: (device) => <DeviceName device={device} /> },
    {
      header: 'State',
      phone: 'corner',
      cell: ({ id, enabled }) => <StateBadge enabled={enabled} status={statuses?.get(id)} />,
    },
    { header: 'Newest values', phone: 'wide', cell: ({ id }) => <NewestValues status={statuses?.get(id)} /> },
    {
      header: 'Last seen',
      numeric: true,
      cell: ({ id }) => <LastSeen status={statuses?.get(id)} />,
    },
  ];
  if (canManage) {
    columns.push({
      header: 'Enabled',
      numeric: true,
      cell: (device) => (
        <Switch
          label={`${device.name} enabled`}
          checked={device.enabled}
          busy={enable.isPending && enable.variables.id === device.id}
          onChange={() => enable.mutate(device)}
        />
      ),
    });
  }
  return <DataTable caption="Devices" columns={columns} rows={devices} keyOf={({ id }) => id} />;
}

function DeviceName({ device: { id, name, slug } }: { device: Device }) {
  return (
    <span className={styles.name}>
      <Link href={`/admin/devices/view?id=${id}`}>{name}</Link>
      {name !== slug && <code>{slug}</code>}
    </span>
  );
}

function LastSeen({ status }: { status: ListedStatus | undefined }) {
  if (!status) return '–';
  const clock = clockWords(status.clock_skew);
  return (
    <span className={styles.seen}>
      <Ago at={status.last_received_at} />
      {clock && <small>clock {clock}</small>}
    </span>
  );
}

function NewestValues({ status }: { status: ListedStatus | undefined }) {
  if (!status?.newest.length) return <span className={styles.none}>–</span>;
  return (
    <span className={styles.fields}>
      {status.newest.map(([field, value]) => (
        <span key={field}>
          <span className={styles.field}>{field}</span> {formatValue(value)}
        </span>
      ))}
    </span>
  );
}
