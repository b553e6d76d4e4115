// Messages that could not be stored, kept with their bytes and the reason.
import { call, firstRows, type Part } from '../session/rows.ts';

export interface DeadLetter {
  id: number;
  device_id: string | null;
  topic: string;
  /** `\x` and hexadecimal digits, as Postgres writes bytea. */
  payload: string;
  content_type: string | null;
  reason: string;
  detail: string | null;
  message_id: string | null;
  properties: Record<string, string> | null;
  received_at: string;
  redriven_at: string | null;
  redriven_as: 'stored' | 'duplicate' | null;
  redrive_requested_at: string | null;
}

/** Not stored, and nobody asked to redrive it. */
export const isOpen = ({ redriven_at, redrive_requested_at }: DeadLetter): boolean =>
  !redriven_at && !redrive_requested_at;

const COLUMNS =
  'id,device_id,topic,payload,content_type,reason,detail,message_id,properties,received_at,redriven_at,redriven_as,redrive_requested_at';

/** Most ids one request may name: public.request_redrive's own bound. */
export const MOST_REDRIVES = 1000;

/** Newest first. For owners and staff. @throws ApiError, as all below. */
export function listDeadLetters(tenantId: string, most: number): Promise<Part<DeadLetter>> {
  return firstRows(
    (api) => api.from('dead_letters').select(COLUMNS).eq('tenant_id', tenantId),
    ['received_at.desc', 'id.desc'],
    most,
  );
}

/** Ids of those that nobody asked to redrive yet, oldest first, at most as many as one request may name. */
export async function openDeadLetterIds(tenantId: string): Promise<number[]> {
  const open = await firstRows<{ id: number; received_at: string }>(
    (api) =>
      api
        .from('dead_letters')
        .select('id,received_at')
        .eq('tenant_id', tenantId)
        .is('redriven_at', null)
        .is('redrive_requested_at', null),
    ['received_at', 'id'],
    MOST_REDRIVES,
  );
  return open.rows.map(({ id }) => id);
}

/** @returns how many will be read again, within seconds. */
export function requestRedrive(ids: number[]): Promise<number> {
  return call('request_redrive', { dead_letter_ids: ids });
}

/** The same for all that are open, as many questions as it takes. */
export async function redriveAll(tenantId: string): Promise<void> {
  let ids: number[];
  do {
    ids = await openDeadLetterIds(tenantId);
    // Asked for meanwhile by somebody else, or no longer mine to ask for: the same would come again for ever.
    if (ids.length === 0 || (await requestRedrive(ids)) === 0) return;
  } while (ids.length === MOST_REDRIVES);
}
