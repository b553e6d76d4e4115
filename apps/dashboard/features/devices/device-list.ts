// A tenant's devices as their list shows them: a part at a time, filtered and in order by the database.
import { type Api, COUNTED, countRows, firstRows, oneRow, type Part, type RowOf } from '../session/rows.ts';

export const STATES = [
  { value: 'all', label: 'All' },
  { value: 'live', label: 'Live' },
  { value: 'quiet', label: 'Quiet' },
  { value: 'disabled', label: 'Disabled' },
] as const;
export type StateFilter = (typeof STATES)[number]['value'];

/** Which devices. `search`: part of a name or slug. */
export interface Filter {
  search: string;
  state: StateFilter;
  tag: string;
}

export const NO_FILTER: Filter = { search: '', state: 'all', tag: '' };

/** What the list can be sorted by, as the address names it. */
const SORTED_BY = {
  name: ['name_key', 'id'],
  '-name': ['name_key.desc', 'id.desc'],
  seen: ['last_received_at', 'id'],
  '-seen': ['last_received_at.desc', 'id.desc'],
  added: ['created_at', 'id'],
  '-added': ['created_at.desc', 'id.desc'],
} as const;
export type Sort = keyof typeof SORTED_BY;
export const SORTS = Object.keys(SORTED_BY) as Sort[];

const listed = (api: Api) =>
  api.from('device_list').select('id,tenant_id,slug,name,name_key,enabled,created_at,tags,last_received_at', COUNTED);
export type ListedDevice = RowOf<typeof listed>;

/** Where a part begins: after this row. */
export type From = Pick<ListedDevice, 'id' | 'name_key' | 'last_received_at' | 'created_at'>;

interface Filtered {
  eq(column: string, value: string): this;
  ilike(column: string, pattern: string): this;
  contains(column: string, value: string[]): this;
}

/** What `ilike` compares names and slugs with. */
const patternOf = (search: string) => `%${search.replace(/[\\%_]/g, '\\$&')}%`;

function filtered<Question extends Filtered>(question: Question, tenantId: string, { search, state, tag }: Filter) {
  let asked = question.eq('tenant_id', tenantId);
  if (state !== 'all') asked = asked.eq('state', state);
  if (tag) asked = asked.contains('tags', [tag]);
  if (search) asked = asked.ilike('words', patternOf(search));
  return asked;
}

/** A part of the list, and whether there is more. @throws ApiError, as all below. */
export function deviceList(
  tenantId: string,
  filter: Filter,
  sort: Sort,
  most: number,
  from?: From,
): Promise<Part<ListedDevice>> {
  return firstRows(
    (api: Api) => filtered(listed(api), tenantId, filter),
    [...SORTED_BY[sort]],
    most,
    from as ListedDevice | undefined,
  );
}

/** How many devices a filter finds. */
export function countDevices(tenantId: string, filter: Filter): Promise<number> {
  return countRows((api) => filtered(api.from('device_list').select('id', COUNTED), tenantId, filter));
}

/** The ids of the devices that a filter finds, at most 10,000. */
export async function foundIds(tenantId: string, { search, state, tag }: Filter): Promise<string[]> {
  const filter = {
    ...(search && { search: patternOf(search) }),
    ...(state !== 'all' && { of_state: state }),
    ...(tag && { tag }),
  };
  return (await oneRow((api) => api.rpc('device_ids', { tenant_id: tenantId, ...filter })))?.ids ?? [];
}

/** Tags that are offered; a tenant may have more. */
const MOST_TAGS = 500;

const tags = (api: Api) => api.from('device_tags').select('tag,devices', COUNTED);
export type TagInUse = RowOf<typeof tags>;

/** The tags in use, each with how many devices have it. */
export async function tagsInUse(tenantId: string): Promise<TagInUse[]> {
  return (await firstRows((api: Api) => tags(api).eq('tenant_id', tenantId), ['tag'], MOST_TAGS)).rows;
}
