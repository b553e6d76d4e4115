// Runs vitest and ends the process with one line that says what came of it, `N passed, N failed`. Where CI is set, a test that is
// skipped because a program is missing is a failure.
import { type CliOptions, startVitest } from 'vitest/node';
import { lackingHere, wronglySkipped } from './skipped.ts';

/** @param filters which files; default: all that the configuration names. */
export async function runVitest(filters: string[], options: CliOptions = {}): Promise<never> {
  process.env.NODE_ENV = 'test';
  const vitest = await startVitest('test', filters, { run: true, watch: false, ...options });
  await vitest.close();

  let passed = 0;
  let failed = 0;
  const skipped: string[] = [];
  for (const file of vitest.state.getTestModules()) {
    for (const test of file.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed += 1;
      else if (state === 'failed') failed += 1;
      else skipped.push(test.fullName);
    }
    // A file that could not even be loaded has no tests, and must not pass for that.
    if (!file.ok() && ![...file.children.allTests()].some((test) => test.result().state === 'failed')) failed += 1;
  }
  failed += vitest.state.getUnhandledErrors().length;
  for (const name of process.env.CI ? wronglySkipped(skipped, lackingHere()) : []) {
    console.error(
      `error: skipped although CI is set: ${name}: install what it needs (package.json lists it behind --needs)`,
    );
    failed += 1;
  }
  if (passed === 0) console.error('error: no test ran');
  console.log(`\n${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
  return process.exit(failed === 0 && passed > 0 ? 0 : 1);
}
