// `npm run test:sources`: ingest's other sources on real servers. A number as argument is how many messages go through Kafka:
// `npm run test:sources -- 100000`; default: 5000. Ends with one line, `N passed, N failed`.
import { join } from 'node:path';
import { fetchKafka } from '../../lab/kafka.ts';
import { findNatsServer } from '../../lab/nats-server.ts';
import { runVitest } from '../run-vitest.ts';

process.env.MQTT_SAAS_TEST_MESSAGES = process.argv[2] ?? '5000';

/** Where a server is not available, its tests are left out, and this says so; CI fails. */
const servers = { cluster: findNatsServer, kafka: fetchKafka };
const files: string[] = [];
for (const [source, find] of Object.entries(servers)) {
  try {
    await find();
    files.push(`tests/sources/${source}`);
  } catch (error) {
    if (process.env.CI) throw error;
    console.error(`NOT TESTED: ingest from ${source}, which is not available here: ${(error as Error).message}`);
  }
}
if (files.length > 0) await runVitest(files, { config: join(import.meta.dirname, 'vitest.config.ts') });
else console.log('\n0 passed, 0 failed, 2 skipped');
