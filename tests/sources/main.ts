// `npm run test:sources`: ingest from the real Kafka while workers die, partitions move and transactions abort. A number as argument is how
// many messages: `npm run test:sources -- 100000`; default: 5000. Ends with one line, `N passed, N failed`.
import { join } from 'node:path';
import { fetchKafka } from '../../lab/kafka.ts';
import { runVitest } from '../run-vitest.ts';

process.env.MQTT_SAAS_TEST_MESSAGES = process.argv[2] ?? '5000';
try {
  await fetchKafka();
} catch (error) {
  if (process.env.CI) throw error;
  console.error(`NOT TESTED: ingest from Kafka, which is not available here: ${(error as Error).message}`);
  console.log('\n0 passed, 0 failed, 1 skipped');
  process.exit(0);
}
await runVitest([], { config: join(import.meta.dirname, 'vitest.config.ts') });
