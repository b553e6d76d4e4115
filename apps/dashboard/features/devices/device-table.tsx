'use client';
// The list's rows: each device with its state and its newest reading.
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { readingFields } from '../../ui/format.ts';
import { Link } from '../../ui/link.tsx';
import { Switch } from '../../ui/switch.tsx';
import { Ago } from '../../ui/time.tsx';
import type { LatestReading } from '../telemetry/readings.ts';
import { useCan } from '../tenants/tenant.tsx';
import styles from './device-table.module.css';
import { type Device, setDeviceEnabled } from './devices.ts';
import { StateBadge } from './state-badge.tsx';
import { useRegistryChange } from './use-devices.ts';

/** Fields of a reading that a row has room for. */
const FIELDS = 3;

export function DeviceTable({
  devices,
  latest,
}: {
  devices: Device[];
  latest: Map<string, LatestReading> | undefined;
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
      cell: ({ id, enabled }) => <StateBadge enabled={enabled} receivedAt={latest?.get(id)?.received_at} />,
    },
    { header: 'Latest reading', phone: 'wide', cell: ({ id }) => <LatestFields reading={latest?.get(id)} /> },
    {
      header: 'Last seen',
      numeric: true,
      cell: ({ id }) => {
        const reading = latest?.get(id);
        return reading ? <Ago at={reading.received_at} /> : '–';
      },
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

function LatestFields({ reading }: { reading: LatestReading | undefined }) {
  const fields = readingFields(reading?.payload, FIELDS);
  if (fields.length === 0) return <span className={styles.none}>–</span>;
  return (
    <span className={styles.fields}>
      {fields.map(({ field, value }) => (
        <span key={field}>
          <span className={styles.field}>{field}</span> {value}
        </span>
      ))}
    </span>
  );
}
