// The readings behind a chart, as a CSV file: read in pages, so that a long range needs neither a long query nor much memory at once.
import { type Api, type FunctionRow, firstRows, oneRow } from '../session/rows.ts';
import { csvLine, isoTime } from './csv.ts';

/** Readings in a file at most: a device's at one a second for more than two days. */
const MOST_READINGS = 200_000;
/** One request's worth: a list asks for one row more, to know whether there is more. */
const PAGE = 999;

export interface Span {
  deviceId: string;
  fields: string[];
  since: Date;
  until: Date;
}

export interface Exported {
  /** Pieces of the file, in order. */
  parts: string[];
  name: string;
  /** Lines below the header: readings that have one of the fields. */
  lines: number;
  /** Up to where it goes, when there are more readings than a file holds. */
  endsAt?: string;
}

/**
 * Reads all of them, oldest first. @param onRead told how many readings have been read, after each page. @param signal ends it.
 * @throws ApiError, or the signal's reason.
 */
export async function exportReadings(
  { deviceId, fields, since, until }: Span,
  onRead: (readings: number) => void,
  signal: AbortSignal,
): Promise<Exported> {
  const device = await oneRow((api) => api.from('devices').select('slug').eq('id', deviceId));
  const slug = device?.slug ?? 'device';
  const about = [slug, ...fields]
    .join('-')
    .replaceAll(/[^\w.-]+/g, '_')
    .slice(0, 80);
  const name = `${about}-${since.toISOString().slice(0, 16).replace(':', '')}Z.csv`;
  const parts = [csvLine(['time', 'device', ...fields])];
  let last: FunctionRow<'export_readings'> | undefined;
  let read = 0;
  let lines = 0;
  for (;;) {
    const page = await firstRows(
      (api: Api, row: Record<string, unknown> | undefined) =>
        api.rpc('export_readings', {
          device_id: deviceId,
          fields,
          since: String(row?.ts ?? since.toISOString()),
          until: until.toISOString(),
          ...(row && { after: String(row.message_id) }),
        }),
      ['ts', 'message_id'],
      PAGE,
      last,
    );
    signal.throwIfAborted();
    const found = page.rows.filter(({ cells }) => cells.some((cell) => cell !== null));
    parts.push(found.map(({ ts, cells }) => csvLine([isoTime(ts), slug, ...cells])).join(''));
    read += page.rows.length;
    lines += found.length;
    last = page.rows.at(-1);
    onRead(read);
    if (!page.more || !last) return { parts, name, lines };
    if (read >= MOST_READINGS) return { parts, name, lines, endsAt: last.ts };
  }
}
