// The entry of the Function App and of the worker: loaded by the host, it registers the triggers; started as a program, it is a command
// line. Each imports its code only when needed: the host starts on demand, and waits for this file to load.
import { realpathSync } from 'node:fs';

const startedAs = process.argv[1];
if (startedAs !== undefined && realpathSync(startedAs) === import.meta.filename) {
  const { runCli } = await import('./worker/cli.ts');
  process.exitCode = await runCli(process.argv.slice(2));
} else {
  await import('./triggers/index.ts');
}
