// `npm run test:sources`: ingest's other sources on real servers. Arguments go to vitest. Ends with one line, `N passed, N failed`.
import { join } from 'node:path';
import { NotBuilt } from '../../lab/go-program.ts';
import { findNatsServer } from '../../lab/nats-server.ts';
import { runVitest } from '../run-vitest.ts';

try {
  await findNatsServer();
} catch (error) {
  if (!(error instanceof NotBuilt)) throw error;
  console.error(`error: nothing was tried: ${error.message}`);
  process.exit(1);
}
await runVitest(process.argv.slice(2), { config: join(import.meta.dirname, 'vitest.config.ts') });
