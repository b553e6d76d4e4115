// Comma-separated values as RFC 4180 has them, safe to open in a spreadsheet.

/** A number, exactly as JSON writes one: a spreadsheet calculates nothing from it. */
const NUMBER = /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/;

/** Where a formula could begin: at the start, and after what a spreadsheet may take for the end of a cell, such as `;` in Germany. */
const FORMULA = /^(?=[=+\-@\t\r\n＝＋－＠])|(?<=[;\t\r\n])(?=[=+\-@＝＋－＠])/g;

/**
 * One value. A text that a spreadsheet would take for a formula gets an apostrophe in front: what a device sends must not be executed by
 * who opens the file (https://owasp.org/www-community/attacks/CSV_Injection).
 */
export function csvCell(value: string | null): string {
  if (value === null) return '';
  const safe = NUMBER.test(value) ? value : value.replaceAll(FORMULA, "'");
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A time of the database as ISO 8601 has it, with every digit: `2026-11-30T08:00:00.123456Z`. The API answers in UTC. */
export const isoTime = (ts: string): string => ts.replace(' ', 'T').replace(/\+00(:?00)?$/, 'Z');

/** A line with its end. */
export const csvLine = (cells: (string | null)[]): string => `${cells.map(csvCell).join(',')}\r\n`;
