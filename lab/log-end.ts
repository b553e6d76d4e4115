// The end of a program's log, for the error that says that it did not start.
import { existsSync, readFileSync } from 'node:fs';

const LINES = 5;

/** `its log (FILE) ends with:` and the last five lines; no lines when there is no such file. */
export function logEnd(file: string): string {
  const text = existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : '';
  return [`its log (${file}) ends with:`, ...text.split('\n').slice(-LINES)].join('\n  ');
}
