'use client';
// The list's rows: each device with its state and its newest values.
import { t } from '../../language/translate.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Link } from '../../ui/link.tsx';
import { Switch } from '../../ui/switch.tsx';
import { Ago } from '../../ui/time.tsx';
import type { FieldWords } from '../telemetry/field-names.ts';
import { useFieldWords } from '../telemetry/use-field-names.ts';
import { useCan } from '../tenants/tenant.tsx';
import type { ListedDevice } from './device-list.ts';
import styles from './device-table.module.css';
import { setDeviceEnabled } from './devices.ts';
import { clockWords } from './state.ts';
import { StateBadge } from './state-badge.tsx';
import type { ListedStatus } from './statuses.ts';
import { Tags } from './tags.tsx';
import { useRegistryChange } from './use-devices.ts';
import type { ColumnName, useAsked } from './use-list.ts';

interface Props {
  devices: ListedDevice[];
  statuses: Map<string, ListedStatus> | undefined;
  asked: ReturnType<typeof useAsked>;
  columns: ReadonlySet<ColumnName>;
  selected: ReadonlySet<string>;
  onSelect: (ids: string[]) => void;
}

export function DeviceTable({ devices, statuses, asked: { sort, ask }, columns: shown, selected, onSelect }: Props) {
  const canManage = useCan('manage devices');
  const wordsOf = useFieldWords();
  const enable = useRegistryChange(
    ({ id, enabled }: ListedDevice) => setDeviceEnabled(id, !enabled),
    ({ name, enabled }) =>
      enabled
        ? t('{name} is disabled. It is disconnected within seconds.', { name })
        : t('{name} can connect again.', { name }),
  );
  /** The first click sorts by what is sought most: names from A, times from the newest. */
  const sortedBy = (name: 'name' | 'seen' | 'added', first: string) => {
    const second = first === name ? `-${name}` : name;
    const order =
      sort === name ? ('ascending' as const) : sort === `-${name}` ? ('descending' as const) : ('none' as const);
    return { order, onSort: () => ask({ sort: sort === first ? second : first }) };
  };
  const select = (ids: string[], on: boolean) => {
    const next = new Set(selected);
    for (const id of ids) on ? next.add(id) : next.delete(id);
    onSelect([...next]);
  };
  const isWhole = devices.every(({ id }) => selected.has(id));
  const columns: (Column<ListedDevice> | false)[] = [
    canManage && {
      header: t('Selected'),
      phone: 'corner',
      head: (
        <label className={styles.all}>
          <input
            type="checkbox"
            aria-label={t('Select all on this page')}
            checked={isWhole}
            onChange={() =>
              select(
                devices.map(({ id }) => id),
                !isWhole,
              )
            }
          />
          <span>{t('Select all on this page')}</span>
        </label>
      ),
      cell: ({ id, name }) => (
        <input
          type="checkbox"
          aria-label={t('Select {name}', { name })}
          checked={selected.has(id)}
          onChange={() => select([id], !selected.has(id))}
        />
      ),
    },
    {
      header: t('Device'),
      title: true,
      sort: sortedBy('name', 'name'),
      cell: (device) => <DeviceName device={device} />,
    },
    shown.has('state') && {
      header: t('State'),
      cell: ({ id, enabled }) => <StateBadge enabled={enabled} status={statuses?.get(id)} />,
    },
    shown.has('tags') && {
      header: t('Tags'),
      phone: 'wide',
      cell: ({ tags }) => <Tags tags={tags} onChoose={(tag) => ask({ tag })} />,
    },
    shown.has('values') && {
      header: t('Newest values'),
      phone: 'wide',
      cell: ({ id }) => <NewestValues status={statuses?.get(id)} wordsOf={wordsOf} />,
    },
    shown.has('seen') && {
      header: t('Last seen'),
      numeric: true,
      sort: sortedBy('seen', '-seen'),
      cell: ({ id }) => <LastSeen status={statuses?.get(id)} />,
    },
    shown.has('added') && {
      header: t('Added'),
      numeric: true,
      sort: sortedBy('added', '-added'),
      cell: ({ created_at }) => <Ago at={created_at} />,
    },
    canManage &&
      shown.has('enabled') && {
        header: t('Enabled'),
        numeric: true,
        cell: (device) => (
          <Switch
            label={t('{name} enabled', { name: device.name })}
            checked={device.enabled}
            busy={enable.isPending && enable.variables.id === device.id}
            onChange={() => enable.mutate(device)}
          />
        ),
      },
  ];
  return (
    <DataTable
      caption={t('Devices')}
      columns={columns.filter((column) => column !== false)}
      rows={devices}
      keyOf={({ id }) => id}
    />
  );
}

function DeviceName({ device: { id, name, slug } }: { device: ListedDevice }) {
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
      {clock && <small>{t('clock {clock}', { clock })}</small>}
    </span>
  );
}

function NewestValues({
  status,
  wordsOf,
}: {
  status: ListedStatus | undefined;
  wordsOf: (field: string) => FieldWords;
}) {
  if (!status?.newest.length) return <span className={styles.none}>–</span>;
  return (
    <span className={styles.fields}>
      {status.newest.map(([field, value]) => {
        const { label, write } = wordsOf(field);
        return (
          <span key={field}>
            <span className={styles.field}>{label}</span> {write(value)}
          </span>
        );
      })}
    </span>
  );
}
