// What the Function App's HTTP triggers call.
import { readHealthSettings } from '../settings/health.ts';
import { makePages, type Page, type Pages } from './pages.ts';

let pages: Pages | undefined;

/** One page. The first request of an instance reads the settings and connects. */
export function answer(which: 'health' | 'metrics'): Promise<Page> {
  pages ??= makePages(readHealthSettings());
  return pages[which]();
}
