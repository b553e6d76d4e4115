// `npm run test:database`: the database's tests on the oldest and the newest Postgres that the migrations are for, with
// the first mutation of each kind on each table judged by the whole isolation matrix. Takes some five minutes a version.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { ROOT } from '../../bootstrap/root.mjs';
import { fetchPostgresPackage, MAJORS } from './postgres-package.ts';

const HELP = `The database's tests on the oldest and the newest Postgres that the migrations are for.

usage: npm run test:database -- [--postgres MAJOR] [--quick] [FILE ...]

  --postgres  one of ${MAJORS.join(', ')}; default: all
  --quick     judge only the first mutation of each kind by the whole matrix, as npm test does
  FILE        default: provisioning/database, ops/adopt/database
`;

const { values, positionals } = parseArgs({
  options: {
    postgres: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
if (values.postgres !== undefined && !MAJORS.includes(values.postgres)) {
  console.error(`error: --postgres is one of ${MAJORS.join(', ')}, not ${values.postgres}`);
  process.exit(2);
}

const files = positionals.length > 0 ? positionals : ['provisioning/database', 'ops/adopt/database'];
const majors = values.postgres ? [values.postgres] : MAJORS;
const failed: string[] = [];
for (const major of majors) {
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
console.log(failed.length > 0 ? `failed on Postgres ${failed.join(', ')}` : `passed on Postgres ${majors.join(', ')}`);
process.exit(failed.length > 0 ? 1 : 0);
