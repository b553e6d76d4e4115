// `npm run test:kubernetes`: the rendered manifests held to the genuine API server, and to kube-score; a rolling update and a drain with
// the worker's real processes; the jobs on real servers. Arguments go to vitest. Ends with one line, `N passed, N failed`.
import { join } from 'node:path';
import { NotBuilt } from '../../lab/go-program.ts';
import { runVitest } from '../run-vitest.ts';
import { definitionFiles, scoreProgram, serverProgram } from './programs.ts';

try {
  await serverProgram();
  await scoreProgram();
  definitionFiles();
} catch (error) {
  if (!(error instanceof NotBuilt)) throw error;
  console.error(`error: THE MANIFESTS WERE NOT TESTED: ${error.message}`);
  process.exit(1);
}
await runVitest(process.argv.slice(2), { config: join(import.meta.dirname, 'vitest.config.ts') });
