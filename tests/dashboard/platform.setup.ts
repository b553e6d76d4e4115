// Starts the platform that all of these tests use, as a person does, and stops it.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { readInstance } from '../../local/instance.ts';
import { dataRoot } from '../../local/unprivileged.ts';
import { processesOf, removePlatform, startPlatformProcess } from '../support/platform-process.ts';

/** The running platform as the tests reach it. */
export interface DashboardPlatform {
  name: string;
  url: string;
  publishableKey: string;
  databaseUrl: string;
  caFile: string;
  mqttPort: number;
  /** Passwords by e-mail address. */
  people: Record<string, string>;
}

declare module 'vitest' {
  export interface ProvidedContext {
    platform: DashboardPlatform;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const name = `e2e-${randomBytes(3).toString('hex')}`;
  const { child, exited } = await startPlatformProcess(name, 'program', ['--interval', '500']);
  const { dashboardUrl: url, publishableKey, databaseUrl, caFile, mqttPort } = readInstance(name)!;
  const { people } = JSON.parse(readFileSync(join(dataRoot(), name, 'secrets.json'), 'utf8'));
  project.provide('platform', { name, url, publishableKey, databaseUrl, caFile, mqttPort, people });
  return async () => {
    child.kill('SIGTERM');
    await exited;
    for (const pid of processesOf(name)) process.kill(pid, 'SIGKILL');
    removePlatform(name);
  };
}
