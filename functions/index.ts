// The Function App's entry, and the worker's: loaded by the host it registers the triggers, started as a program it is a
// command line.
import { realpathSync } from 'node:fs';
import { runCli } from './cli.ts';

const startedAs = process.argv[1];
if (startedAs !== undefined && realpathSync(startedAs) === import.meta.filename) {
  process.exitCode = await runCli(process.argv.slice(2), process.env);
} else {
  await import('./triggers/mqtt-ingest.ts');
  await import('./triggers/evaluate-alerts.ts');
}
