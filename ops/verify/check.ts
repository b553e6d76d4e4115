// The shape of a check, and how all of them are run.

/** One line of the report; `Context` is what it needs. */
export interface Check<Context> {
  /** Stable identifier, kebab-case. */
  id: string;
  /** What must be true, as a statement. */
  title: string;
  /** Returns a detail worth showing. @throws Error that says what was seen instead. */
  run(context: Context): Promise<string>;
}

/** How a check ended. */
export interface CheckResult {
  id: string;
  title: string;
  passed: boolean;
  detail: string;
}

/** Runs the checks one after another; one that fails does not stop the next. */
export async function runChecks<Context>(
  checks: readonly Check<Context>[],
  context: Context,
  onResult: (result: CheckResult) => void = () => {},
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { id, title, run } of checks) {
    const [passed, detail] = await run(context).then(
      (text) => [true, text] as const,
      (error: Error) => [false, error.message] as const,
    );
    const result = { id, title, passed, detail };
    results.push(result);
    onResult(result);
  }
  return results;
}

/** What a check throws when what it looked at is not so. */
export function fail(message: string): never {
  throw new Error(message);
}

/** Waits until `read` gives a value that is not undefined. @throws Error naming `what` after `patienceMs`. */
export async function eventually<T>(what: string, patienceMs: number, read: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    if (Date.now() > deadline) fail(`${what} did not happen within ${patienceMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
