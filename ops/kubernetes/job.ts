// A job in its pod: `node job.mjs prepare|backup|archive|drill`. Exit code 1: failed; the cluster tries again.
import { runJob } from './jobs.ts';

const [name = ''] = process.argv.slice(2);
const { DATABASE_HOST: host, DATABASE_PORT: port } = process.env;
const say = (message: string) =>
  console.log(JSON.stringify({ time: new Date().toISOString(), service: name, message }));

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
try {
  const place = {
    secrets: '/run/secrets',
    stores: '/var/lib/mqtt-saas',
    database: `postgres://postgres@${host}:${port}/postgres?sslmode=verify-full`,
    // The pod's own, which only its containers reach, without a password: provisioning/compose/scratch.sh.
    scratch: 'postgres://postgres:none@127.0.0.1:5432/postgres',
  };
  await runJob(name, place, say);
  say('done');
} catch (error) {
  say(`failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
