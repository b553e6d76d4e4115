// Messages that could not be stored, kept with their bytes and the reason.
import { type Api, allRows, COUNTED, call, firstRows, oneRow, type Part, type RowOf } from '../session/rows.ts';

const letters = (api: Api) =>
  api
    .from('dead_letters')
    .select('id,device_id,topic,reason,detail,readings,received_at,redriven_at,redriven_as,redrive_requested_at');
export type DeadLetter = RowOf<typeof letters>;

/** What is in it, up to 128 KiB, so it is read for one letter alone. `payload`: `\x` and hexadecimal digits. */
const contents = (api: Api) => api.from('dead_letters').select('payload,content_type,message_id,properties');
export type LetterContent = RowOf<typeof contents>;

/** Not stored, and no redrive is requested. */
export const isOpen = ({ redriven_at, redrive_requested_at }: DeadLetter): boolean =>
  !redriven_at && !redrive_requested_at;

/** Most ids one request may name: public.request_redrive's own bound. */
export const MOST_REDRIVES = 1000;

/** Which letters; a member that is not there says nothing. */
export interface LetterFilter {
  reason?: string;
  deviceId?: string;
  /** Received within this number of hours. */
  hours?: number;
}

const since = ({ hours }: LetterFilter) => new Date(Date.now() - (hours ?? 0) * 3_600_000).toISOString();

/** Newest first. For owners and staff. @throws ApiError, as all below. */
export function listDeadLetters(tenantId: string, most: number, filter: LetterFilter = {}): Promise<Part<DeadLetter>> {
  const filtered = (api: Api) => matching(letters(api).eq('tenant_id', tenantId), filter);
  return firstRows(filtered, ['received_at.desc', 'id.desc'], most);
}

/** A query of letters, narrowed by the filter. */
function matching<
  Asked extends { eq(column: string, value: string): Asked; gte(column: string, value: string): Asked },
>(asked: Asked, filter: LetterFilter): Asked {
  let narrowed = asked;
  if (filter.reason) narrowed = narrowed.eq('reason', filter.reason);
  if (filter.deviceId) narrowed = narrowed.eq('device_id', filter.deviceId);
  return filter.hours ? narrowed.gte('received_at', since(filter)) : narrowed;
}

/** How many of the last 30 days are not there: beyond the tenant's limit when they came, or removed since. */
export async function lettersNotThere(tenantId: string): Promise<number> {
  const asked = (api: Api) => api.rpc('dead_letters_counted', { tenant_id: tenantId }, COUNTED);
  return (await allRows(asked, ['reason'])).reduce((sum, { not_kept, removed }) => sum + not_kept + removed, 0);
}

/**
 * Discards letters, a thousand a call until none is left. They stay counted.
 * @param which ids, or all that match; of those, the ones that were received by `until`.
 */
export async function discardLetters(tenantId: string, which: number[] | LetterFilter, until: string): Promise<void> {
  const filter = Array.isArray(which)
    ? { dead_letter_ids: which }
    : {
        reason: which.reason ?? null,
        device_id: which.deviceId ?? null,
        received_since: which.hours ? since(which) : null,
        received_until: until,
      };
  while ((await call('discard_dead_letters', { tenant_id: tenantId, ...filter })) > 0);
}

/** The newest of one device that are still refused. */
export async function deadLettersOf(tenantId: string, deviceId: string, most: number): Promise<DeadLetter[]> {
  const own = (api: Api) => letters(api).eq('tenant_id', tenantId).eq('device_id', deviceId).is('redriven_at', null);
  return (await firstRows(own, ['received_at.desc', 'id.desc'], most)).rows;
}

/** Undefined when it no longer exists, or I may no longer see it. */
export function letterContent(id: number): Promise<LetterContent | undefined> {
  return oneRow((api) => contents(api).eq('id', id));
}

type Place = Pick<DeadLetter, 'id' | 'received_at'>;

/**
 * Those without a redrive request, oldest first, at most as many as one request may name.
 * @param until received by then; @param from begin after this one.
 */
export function openDeadLetters(
  tenantId: string,
  until: string,
  from?: Place,
  filter: LetterFilter = {},
): Promise<Part<Place>> {
  return firstRows(
    (api: Api) =>
      matching(
        api
          .from('dead_letters')
          .select('id,received_at')
          .eq('tenant_id', tenantId)
          .lte('received_at', until)
          .is('redriven_at', null)
          .is('redrive_requested_at', null),
        filter,
      ),
    ['received_at', 'id'],
    MOST_REDRIVES,
    from,
  );
}

/** @returns how many will be read again, within seconds. */
export function requestRedrive(ids: number[]): Promise<number> {
  return call('request_redrive', { dead_letter_ids: ids });
}

/**
 * The same for all that are open, as many questions as it takes. Each letter is asked for once: those that still cannot be
 * stored are open again soon.
 * @param until received by then: newer ones may come faster than they are asked for.
 */
export async function redriveAll(tenantId: string, until: string, filter: LetterFilter = {}): Promise<void> {
  let from: Place | undefined;
  for (;;) {
    const { rows, more } = await openDeadLetters(tenantId, until, from, filter);
    if (rows.length > 0) await requestRedrive(rows.map(({ id }) => id));
    if (!more) return;
    from = rows.at(-1);
  }
}
