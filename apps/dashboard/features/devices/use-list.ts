'use client';
// The list of devices as its page shows it: what is asked for stands in the address, what the columns are in the browser.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAddress } from '../../ui/address.ts';
import { polled, useSliced } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import {
  countDevices,
  deviceList,
  type Filter,
  type From,
  type ListedDevice,
  NO_FILTER,
  SORTS,
  STATES,
  tagsInUse,
} from './device-list.ts';
import { statusesOf } from './statuses.ts';

/** Rows of a page: each is drawn again when its values change. */
const PAGE = 100;
/** The registry changes by hand, here or in another window. */
const REGISTRY_MS = 15_000;
/** A published reading is on the list within two seconds (docs/dashboard.md). */
const LIVE_MS = 2000;

/** What the address asks for, and what changes it; a page of the list begins after the row `from`. */
export function useAsked() {
  const [members, change] = useAddress();
  const state = STATES.find(({ value }) => value === members.get('state'))?.value ?? 'all';
  const filter: Filter = { search: members.get('q') ?? '', state, tag: members.get('tag') ?? '' };
  const sort = SORTS.find((one) => one === members.get('sort')) ?? 'name';
  const from = readFrom(members.get('from'));
  return {
    filter,
    sort,
    from,
    isFiltered: filter.search !== '' || filter.state !== 'all' || filter.tag !== '',
    /** Begins at the first page again. */
    ask: ({ search, state, tag, sort }: Partial<Filter> & { sort?: string }) =>
      change({
        from: null,
        ...(search !== undefined && { q: search.trim() || null }),
        ...(state !== undefined && { state: state === 'all' ? null : state }),
        ...(tag !== undefined && { tag: tag || null }),
        ...(sort !== undefined && { sort: sort === 'name' ? null : sort }),
      }),
    nextPage: (last: ListedDevice) => {
      const { id, name_key, last_received_at, created_at } = last;
      change({ from: JSON.stringify({ id, name_key, last_received_at, created_at }) }, true);
    },
    firstPage: () => change({ from: null }, true),
  };
}

/** Undefined when it is not a row: the address may have been edited. */
function readFrom(text: string | null): From | undefined {
  try {
    const row = JSON.parse(text ?? '');
    const members = [row.id, row.name_key, row.last_received_at, row.created_at];
    return members.every((member) => typeof member === 'string') ? row : undefined;
  } catch {
    return undefined;
  }
}

/** The page of the list that is asked for, and the counts around it. */
export function useList({ filter, sort, from, isFiltered }: ReturnType<typeof useAsked>) {
  const { tenant_id } = useTenant().tenant;
  const list = useSliced({
    queryKey: ['devices', tenant_id, 'list', filter, sort, from],
    queryFn: () => deviceList(tenant_id, filter, sort, PAGE, from),
    ...polled(REGISTRY_MS),
  });
  const count = (counted: Filter, enabled = true) => ({
    queryKey: ['devices', tenant_id, 'count', counted],
    queryFn: () => countDevices(tenant_id, counted),
    enabled,
    ...polled(REGISTRY_MS),
  });
  const all = useQuery(count(NO_FILTER));
  const live = useQuery(count({ ...NO_FILTER, state: 'live' }));
  const found = useQuery(count(filter, isFiltered));
  const tags = useQuery({
    queryKey: ['devices', tenant_id, 'tags'],
    queryFn: () => tagsInUse(tenant_id),
    ...polled(REGISTRY_MS),
  });
  const ids = list.data?.rows.map(({ id }) => id) ?? [];
  const statuses = useQuery({
    queryKey: ['statuses', tenant_id, ids],
    queryFn: () => statusesOf(tenant_id, ids),
    select: (rows) => new Map(rows.map((row) => [row.device_id, row])),
    enabled: ids.length > 0,
    ...polled(LIVE_MS),
  });
  return {
    rows: list.data?.rows,
    more: list.data?.more ?? false,
    all: all.data,
    live: live.data,
    found: isFiltered ? found.data : all.data,
    tags: tags.data ?? [],
    statuses: statuses.data,
    error: list.error ?? all.error ?? statuses.error,
  };
}

/** Columns that one can choose. */
export const COLUMNS = [
  { value: 'state', label: 'State' },
  { value: 'tags', label: 'Tags' },
  { value: 'values', label: 'Newest values' },
  { value: 'seen', label: 'Last seen' },
  { value: 'added', label: 'Added' },
  { value: 'enabled', label: 'Enabled' },
] as const;
export type ColumnName = (typeof COLUMNS)[number]['value'];

const REMEMBERED = 'mqtt-saas.device-columns';
const USUAL: ColumnName[] = ['state', 'tags', 'values', 'seen', 'enabled'];

/** The columns shown, kept from visit to visit in this browser; and what shows or hides one. */
export function useColumns(): [ReadonlySet<ColumnName>, (column: ColumnName) => void] {
  const [shown, setShown] = useState(() => new Set(readColumns()));
  function toggle(column: ColumnName) {
    const next = new Set(shown);
    if (!next.delete(column)) next.add(column);
    localStorage.setItem(REMEMBERED, [...next].join(' '));
    setShown(next);
  }
  return [shown, toggle];
}

function readColumns(): ColumnName[] {
  const kept = typeof localStorage === 'undefined' ? null : localStorage.getItem(REMEMBERED);
  if (kept === null) return USUAL;
  return COLUMNS.flatMap(({ value }) => (kept.split(' ').includes(value) ? [value] : []));
}
