// `npm run test:engine`: the program, the policy pack and the offline preview held to the genuine Pulumi engine. Arguments go to
// vitest (`npm run test:engine -- changes`); `--update` writes the table of docs/preview.md again. Ends with one line, `N passed, N failed`.
import { join } from 'node:path';
import { runVitest } from '../run-vitest.ts';
import { NotBuilt } from '../support/go-program.ts';
import { findCli } from './cli.ts';

try {
  await findCli();
} catch (error) {
  if (!(error instanceof NotBuilt)) throw error;
  console.error(`error: the engine's scenarios did not run: ${error.message}`);
  process.exit(1);
}
const words = process.argv.slice(2);
const update = words.includes('--update');
const filters = words.filter((word) => word !== '--update');
await runVitest(filters, { config: join(import.meta.dirname, 'vitest.config.ts'), update });
