// `npm run test:dashboard`: the dashboard in a real browser against the whole local platform. Arguments go to vitest
// (`npm run test:dashboard -- devices`). Ends with one line, `N passed, N failed`.
import { join } from 'node:path';
import { explainOnHelp } from '../../bootstrap/explain.ts';
import { runVitest } from '../run-vitest.ts';

explainOnHelp(import.meta.filename);
await runVitest(process.argv.slice(2), { config: join(import.meta.dirname, 'vitest.config.ts') });
