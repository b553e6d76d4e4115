// The form of a check, and how all of them are run.

/** One line of the report; `Context` is its input. */
export interface Check<Context> {
  /** Stable identifier, kebab-case. */
  id: string;
  /** What must be true, as a statement. */
  title: string;
  /** Returns a detail worth showing. @throws Error that says what was found instead. */
  run(context: Context): Promise<string>;
}

/** The result of a check. */
export interface CheckResult {
  id: string;
  title: string;
  passed: boolean;
  detail: string;
}

/** Runs the checks one after another; a failed one does not stop the next. */
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

/** Thrown by a check whose statement is not true. */
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
