// `npm run test:engine`: the program, the policy pack and the offline preview held to the genuine Pulumi engine. Arguments go to
// vitest (`npm run test:engine -- changes`); `--update` writes the tables of docs/preview.md and docs/adoption.md again; `--all` adopts each
// recording of docs/adoption.md, not only those where everything comes together. Ends with one line, `N passed, N failed`.
import { join } from 'node:path';
import { NotBuilt } from '../../lab/go-program.ts';
import { runVitest } from '../run-vitest.ts';
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
if (update || words.includes('--all')) process.env.MQTT_SAAS_TEST_ALL = 'yes';
const filters = words.filter((word) => !word.startsWith('--'));
await runVitest(filters, { config: join(import.meta.dirname, 'vitest.config.ts'), update });
