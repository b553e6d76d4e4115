// `npm run test:adoption`: the database's steps of an adoption with 20,000 messages; `npm run test:soak` has them with 2,000. A number as
// argument is how many: `npm run test:adoption -- 100000`.
import { join } from 'node:path';
import { runVitest } from '../run-vitest.ts';

process.env.MQTT_SAAS_TEST_ADOPTION = process.argv[2] ?? '20000';
await runVitest(['tests/adoption'], { config: join(import.meta.dirname, '../soak/vitest.config.ts') });
