// Links to archived objects that lie in a folder: a path with an end and a signature. Of Azure's storage the links are SAS (ops/store.ts).
import { createHmac, timingSafeEqual } from 'node:crypto';

/** How long a link works, in milliseconds. A user delegation key of Azure's lives 7 days at most, so a little less. */
export const LINK_MS = 7 * 86_400_000 - 15 * 60_000;

/** Name of an object of the archive, which is its path, too. */
const NAME = /^archive\/tenant=[0-9a-f-]{36}\/day=[0-9-]{10}\/[0-9a-f]{32}\.parquet$/;

const signatureOf = (name: string, until: string, key: string) =>
  createHmac('sha256', key).update(`${name}\n${until}`).digest();

/** What a browser calls the file: `readings-2026-09-30-1a2b3c4d.parquet`. */
export const fileNameOf = (name: string) =>
  `readings-${name.replace(/^.*\/day=([0-9-]{10})\/([0-9a-f]{8})[0-9a-f]*\.parquet$/, '$1-$2')}.parquet`;

/** Path on the dashboard's origin from which anyone gets the object until then. @param key of the platform, secret. */
export function archivePath(name: string, until: Date, key: string): string {
  const seconds = String(Math.floor(until.getTime() / 1000));
  return `/${name}?until=${seconds}&signature=${signatureOf(name, seconds, key).toString('base64url')}`;
}

/** Name of the object that a request may have. @param url of the request. @returns undefined when the link is not one, or has ended. */
export function objectOfPath(url: URL, key: string, now = new Date()): string | undefined {
  const name = url.pathname.slice(1);
  const until = url.searchParams.get('until') ?? '';
  if (!NAME.test(name) || !/^\d{1,12}$/.test(until) || Number(until) * 1000 <= now.getTime()) return undefined;
  const given = Buffer.from(url.searchParams.get('signature') ?? '', 'base64url');
  const right = signatureOf(name, until, key);
  return given.length === right.length && timingSafeEqual(given, right) ? name : undefined;
}
