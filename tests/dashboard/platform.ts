// A platform of its own for the dashboard's tests and pictures, started as a person starts it.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthority } from '../../lab/authority.ts';
import { freePort } from '../../lab/ports.ts';
import { dataRoot } from '../../lab/unprivileged.ts';
import { readInstance } from '../../local/instance.ts';
import { say, startModelServer } from '../support/model-server.ts';
import { processesOf, removePlatform, startPlatformProcess } from '../support/platform-process.ts';
import { type Receiving, senderSettings } from './receivers.ts';

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
  /** What its notifications may be sent to. */
  receiving: Receiving;
  /** Passwords by e-mail address. */
  people: Record<string, string>;
}

/** What the language model of these platforms says to every question. */
export const HOSTILE_ANSWER =
  'It was hot. <img src="https://evil.example/a.png"> ![x](https://evil.example/b.png) [here](https://evil.example/c) <script>document.title = "taken"</script>';

const questionSettings = (url: string): Record<string, string> => ({
  QUESTIONS_URL: url,
  QUESTIONS_KEY: 'key-of-the-provider',
  QUESTIONS_MODELS: 'small=0.15/0.60',
  QUESTIONS_PRICES_FROM: '2026-11-01',
});

/** Starts one; `stop` removes it with its data. */
export async function startDashboardPlatform(
  prefix: string,
): Promise<{ platform: DashboardPlatform; stop: () => Promise<void> }> {
  const name = `${prefix}-${randomBytes(3).toString('hex')}`;
  const receiving = { authority: await makeAuthority('receivers'), smtpPort: await freePort() };
  const model = await startModelServer();
  model.behave(say(HOSTILE_ANSWER));
  const { child, exited } = await startPlatformProcess(name, 'program', ['--interval', '500'], {
    ...senderSettings(receiving),
    ...questionSettings(model.url),
  });
  const { dashboardUrl: url, publishableKey, databaseUrl, caFile, mqttPort } = readInstance(name)!;
  const { people, jwtSecret } = JSON.parse(readFileSync(join(dataRoot(), name, 'secrets.json'), 'utf8'));
  return {
    platform: { name, url, publishableKey, databaseUrl, caFile, mqttPort, people, jwtSecret, receiving },
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      for (const pid of processesOf(name)) process.kill(pid, 'SIGKILL');
      removePlatform(name);
      await model.stop();
    },
  };
}
