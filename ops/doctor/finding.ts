// What the doctor says: one line a check, and what to do about it.

/** `unknown` is a check that could not be made; it is neither a failure nor an assurance. */
export type Mark = 'ok' | 'warning' | 'failed' | 'unknown';

/** The outcome of a check. */
export interface Finding {
  mark: Mark;
  /** What was looked at: a few words. */
  check: string;
  /** What was seen. Never a secret. */
  seen: string;
  /** What to do; absent when there is nothing to do. */
  remedy?: string;
}

/** A check: a name for the progress line, and the work. It never throws. */
export interface Check {
  name: string;
  run(): Promise<Finding>;
}

const finding = (mark: Mark) => (check: string, seen: string, remedy?: string) =>
  ({ mark, check, seen, ...(remedy === undefined ? {} : { remedy }) }) satisfies Finding;

export const ok = finding('ok');
export const warning = finding('warning');
export const failed = finding('failed');
export const unknown = finding('unknown');
