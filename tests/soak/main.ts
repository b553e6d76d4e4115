// `npm run test:soak`: the tests that take longest. Arguments go to vitest. Ends with one line, `N passed, N failed`.
import { join } from 'node:path';
import { runVitest } from '../run-vitest.ts';

await runVitest(process.argv.slice(2), { config: join(import.meta.dirname, 'vitest.config.ts') });
