// A platform of its own for the dashboard's tests and pictures, started as a person starts it.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataRoot } from '../../lab/unprivileged.ts';
import { readInstance } from '../../local/instance.ts';
import { processesOf, removePlatform, startPlatformProcess } from '../support/platform-process.ts';

/** The running platform as the tests reach it. */
export interface DashboardPlatform {
  name: string;
  url: string;
  publishableKey: string;
  /** Of the database's superuser. */
  databaseUrl: string;
  /** Signs the access tokens that the API takes. */
  jwtSecret: string;
  caFile: string;
  mqttPort: number;
  /** Passwords by e-mail address. */
  people: Record<string, string>;
}

/** Starts one; `stop` removes it with its data. */
export async function startDashboardPlatform(
  prefix: string,
): Promise<{ platform: DashboardPlatform; stop: () => Promise<void> }> {
  const name = `${prefix}-${randomBytes(3).toString('hex')}`;
  const { child, exited } = await startPlatformProcess(name, 'program', ['--interval', '500']);
  const { dashboardUrl: url, publishableKey, databaseUrl, caFile, mqttPort } = readInstance(name)!;
  const { people, jwtSecret } = JSON.parse(readFileSync(join(dataRoot(), name, 'secrets.json'), 'utf8'));
  return {
    platform: { name, url, publishableKey, databaseUrl, caFile, mqttPort, people, jwtSecret },
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      for (const pid of processesOf(name)) process.kill(pid, 'SIGKILL');
      removePlatform(name);
    },
  };
}
