// Messages that could not be stored, kept with their bytes and the reason.
import { type Api, call, firstRows, oneRow, type Part, type RowOf } from '../session/rows.ts';

const letters = (api: Api) =>
  api
    .from('dead_letters')
    .select('id,device_id,topic,reason,detail,received_at,redriven_at,redriven_as,redrive_requested_at');
export type DeadLetter = RowOf<typeof letters>;

/** What is in it, up to 128 KiB, so it is read for one letter alone. `payload`: `\x` and hexadecimal digits. */
const contents = (api: Api) => api.from('dead_letters').select('payload,content_type,message_id,properties');
export type LetterContent = RowOf<typeof contents>;

/** Not stored, and no redrive is requested. */
export const isOpen = ({ redriven_at, redrive_requested_at }: DeadLetter): boolean =>
  !redriven_at && !redrive_requested_at;

/** Most ids one request may name: public.request_redrive's own bound. */
export const MOST_REDRIVES = 1000;

/** Newest first. For owners and staff. @throws ApiError, as all below. */
export function listDeadLetters(tenantId: string, most: number): Promise<Part<DeadLetter>> {
  return firstRows((api: Api) => letters(api).eq('tenant_id', tenantId), ['received_at.desc', 'id.desc'], most);
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
export function openDeadLetters(tenantId: string, until: string, from?: Place): Promise<Part<Place>> {
  return firstRows(
    (api: Api) =>
      api
        .from('dead_letters')
        .select('id,received_at')
        .eq('tenant_id', tenantId)
        .lte('received_at', until)
        .is('redriven_at', null)
        .is('redrive_requested_at', null),
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
export async function redriveAll(tenantId: string, until: string): Promise<void> {
  let from: Place | undefined;
  for (;;) {
    const { rows, more } = await openDeadLetters(tenantId, until, from);
    if (rows.length > 0) await requestRedrive(rows.map(({ id }) => id));
    if (!more) return;
    from = rows.at(-1);
  }
}
