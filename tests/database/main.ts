// `npm run test:database`: the database's tests on the oldest and the newest Postgres that the migrations are for, with
// a mutation of each kind on each table judged by the whole isolation matrix. Takes some five minutes a version.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { ROOT } from '../../bootstrap/root.mjs';
import { fetchPostgresPackage, MAJORS } from './postgres-package.ts';

const HELP = `The database's tests on other versions of Postgres.

usage: npm run test:database -- [--postgres MAJOR] [--quick] [FILE ...]

  --postgres  one of ${MAJORS.join(', ')}; default: all
  --quick     judge a mutation by the cells it concerns, as npm test does
  FILE        default: provisioning/database
`;

const { values, positionals } = parseArgs({
  options: {
    postgres: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
if (values.help || (values.postgres !== undefined && !MAJORS.includes(values.postgres))) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

const files = positionals.length > 0 ? positionals : ['provisioning/database'];
const failed: string[] = [];
for (const major of values.postgres ? [values.postgres] : MAJORS) {
  console.log(`Postgres ${major}`);
  const env = {
    ...process.env,
    MQTT_SAAS_TEST_POSTGRES: await fetchPostgresPackage(major),
    ...(values.quick ? {} : { MQTT_SAAS_TEST_DATABASE: 'whole' }),
  };
  const child = spawn('vitest', ['run', ...files], { cwd: ROOT, env, stdio: 'inherit' });
  // A signal to this process alone must not leave the tests running.
  const stop = () => child.kill('SIGTERM');
  process.on('SIGTERM', stop);
  const [code] = await once(child, 'exit');
  process.off('SIGTERM', stop);
  if (code !== 0) failed.push(major);
}
console.log(failed.length > 0 ? `failed on Postgres ${failed.join(', ')}` : 'passed');
process.exit(failed.length > 0 ? 1 : 0);
