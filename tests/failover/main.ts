// `npm run test:failover`: the fail-over drills, in network namespaces of their own (needs root). Arguments go to vitest. Ends with one
// line, `N passed, N failed`.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runVitest } from '../run-vitest.ts';

/** Set for the process that is inside. */
const INSIDE = 'MQTT_SAAS_FAILOVER_INSIDE';

if (process.env[INSIDE]) {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  await runVitest(process.argv.slice(2), { config: join(import.meta.dirname, 'vitest.config.ts') });
} else {
  // A network without anybody else in it, and mounts that nobody else sees: its name server is this process's own.
  const own = ['--net', '--mount', '--propagation', 'private', '--fork', '--kill-child'];
  const { status, error } = spawnSync('unshare', [...own, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  if (error) throw error;
  process.exitCode = status ?? 1;
}
