// Keeps the app away from the database while it is restored.
import { spawnSync } from 'node:child_process';
import { APP_SERVICES } from '../../provisioning/compose/project.ts';
import { type DatabaseAccess, withConnection } from '../../provisioning/database/connect.ts';
import { spawnProblem } from '../spawn-problem.ts';
import type { ComposeTarget, Target } from '../target/target.ts';

const ATTEMPTS = 3;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Stops the app, runs `work`, and starts the app again whatever happens. In the cloud the Function App is stopped, too, in containers
 * the API and the worker; everywhere the database refuses the app's role, which a worker waits out.
 * @throws what `work` throws; an error that says how to start the app by hand if that fails.
 */
export async function withAppStopped(
  target: Target,
  database: DatabaseAccess,
  work: () => Promise<void>,
  log: (line: string) => void,
): Promise<void> {
  const start: (() => void | Promise<void>)[] = [];
  // Ctrl-C and a terminal that closes end the restore's programs, and with them the restore; the app must be started even then.
  const onSignal = (signal: string) => log(`${signal}: the app is started again before this ends`);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    if (target.kind === 'stack') {
      const { resourceGroup, functionAppName } = target.outputs();
      const az = (verb: string) =>
        run(['functionapp', verb, '--resource-group', resourceGroup, '--name', functionAppName]);
      start.push(() => az('start'));
      log(`stopping the Function App ${functionAppName}`);
      az('stop');
    }
    if (target.kind === 'compose') {
      start.push(() => startContainers(target.project));
      log('stopping the API and the worker');
      target.project.compose(['stop', ...APP_SERVICES]);
    }
    start.push(() => letIn(database, true));
    log('closing the database to the app');
    await letIn(database, false);
    await work();
  } finally {
    log('starting the app again');
    const failures: string[] = [];
    for (const step of start.reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
    for (const signal of SIGNALS) process.off(signal, onSignal);
    if (failures.length > 0)
      console.error(
        `error: the app could not be started again: ${failures.join('; ')}. Start it by hand: docs/runbooks/restore.md#it-was-interrupted`,
      );
  }
}

/** Tried again: nothing else starts them before the next reboot. @throws Error of the last attempt. */
function startContainers(project: ComposeTarget['project']): void {
  for (let attempts = 1; ; attempts++) {
    try {
      project.compose(['start', ...APP_SERVICES]);
      return;
    } catch (error) {
      if (attempts === ATTEMPTS) throw error;
    }
  }
}

/** The app's role may sign in, or may not and is signed out. */
const letIn = (database: DatabaseAccess, may: boolean) =>
  withConnection(database, async (client) => {
    await client.query(`alter role mqtt_ingest ${may ? 'login' : 'nologin'}`);
    if (!may)
      await client.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'mqtt_ingest'");
  });

function run(words: string[]): void {
  const { error, status, stderr } = spawnSync('az', words, { encoding: 'utf8' });
  if (error) throw spawnProblem(error, 'the az command was not found: install the Azure CLI');
  if (status !== 0) throw new Error(`az ${words.slice(0, 2).join(' ')} failed: ${stderr.trim()}`);
}
