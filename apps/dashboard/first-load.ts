// How much script each exported page makes a browser load before it works, and the bound on it.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Most bytes of script, each file in gzip, that a route may load first. */
export const MOST_BYTES = 190_000;

export interface FirstLoad {
  /** The page's file, such as `admin/devices.html`. */
  page: string;
  bytes: number;
}

/** Every exported page with the script files its HTML names, largest first. Old browsers' polyfills (`nomodule`) are left out. */
export function firstLoads(outdir: string): FirstLoad[] {
  const sizes = new Map<string, number>();
  const sizeOf = (file: string) => {
    const known = sizes.get(file) ?? gzipSync(readFileSync(join(outdir, file))).length;
    sizes.set(file, known);
    return known;
  };
  return globSync('**/*.html', { cwd: outdir })
    .map((page) => {
      const html = readFileSync(join(outdir, page), 'utf8');
      const tags = [...html.matchAll(/<script\b[^>]*\ssrc="([^"?]+)[^>]*>/g)].filter(([tag]) => !/nomodule/i.test(tag));
      const files = new Set(tags.map(([, src]) => src as string));
      return { page, bytes: [...files].reduce((sum, file) => sum + sizeOf(file), 0) };
    })
    .sort((a, b) => b.bytes - a.bytes);
}

/** The pages as firstLoads() has them. @throws Error that names each page beyond the bound. */
export function assertFirstLoads(outdir: string): FirstLoad[] {
  const pages = firstLoads(outdir);
  if (pages.length === 0) throw new Error(`no page was exported into ${outdir}`);
  const tooLarge = pages.filter(({ bytes }) => bytes > MOST_BYTES);
  if (tooLarge.length === 0) return pages;
  const list = tooLarge.map(({ page, bytes }) => `${page}: ${bytes}`).join(', ');
  throw new Error(
    `more than ${MOST_BYTES} bytes of compressed script on first load: ${list}. Load what a page does not need at once with dynamic().`,
  );
}
