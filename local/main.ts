// `npm start`: the whole platform on this machine, with simulated devices. No account, no Docker.
import { Progress } from '../bootstrap/progress.mjs';
import { TerminalLine } from '../bootstrap/terminal-line.mjs';
import { withConnection } from '../provisioning/database/connect.ts';
import { buildFunctions } from '../provisioning/functions/build.ts';
import { ensureDashboard } from './dashboard.ts';
import { seedDemoUsers } from './demo-users.ts';
import { waitForReadings } from './first-readings.ts';
import { claimInstance, readPorts } from './instance.ts';
import { readOptions } from './options.ts';
import { watchParents } from './parent.ts';
import { startPlatform } from './platform.ts';
import { removePlatform, startAfresh } from './removal.ts';
import { printReady } from './screen.ts';
import { seedDevices } from './seed.ts';
import { startSimulator } from './simulator.ts';
import { createStatusDisplay } from './status.ts';

// As root, broker and database run as another user, who must be able to enter the folders made here; secrets have their own mode.
process.umask(0o022);
const options = readOptions();
const line = new TerminalLine(process.stdout);
const progress = new Progress(process.stdout, line);
const status = createStatusDisplay(process.stdout, line);

let isStopping = false;
const stopSignal = new Promise<string>((resolve) => {
  const stop = (reason: string) => {
    isStopping = true;
    resolve(reason);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  watchParents(() => stop('the program that started it is gone'));
});

try {
  await (options.remove === undefined ? run() : removePlatform(options.remove));
  process.exit(0);
} catch (error) {
  progress.failed();
  console.error(options.debug ? error : `error: ${(error as Error).message}`);
  process.exit(1);
}

async function run(): Promise<void> {
  const { name, mqttPort, dashboardPort, interval: intervalMs, fresh } = options;
  const claim = await claimInstance(name);
  const preferredPorts = readPorts(claim.dir);
  if (fresh) await startAfresh(claim, name !== undefined);
  const startedAt = new Date();
  progress.step('ingest bundle');
  await buildFunctions();
  // In parallel with everything else: after a change of its sources, this takes longest. The rest is useful without it.
  const dashboard = ensureDashboard().then(
    () => undefined,
    (error: Error) => error,
  );
  const platform = await startPlatform({
    name: claim.name,
    dir: claim.dir,
    ...(mqttPort !== undefined && { mqttPort }),
    ...(dashboardPort !== undefined && { dashboardPort }),
    preferredPorts,
    onProgress: (step) => progress.step(step),
    onTrouble: (message) => status.note(message),
    onIngestLog: (entry) => status.onIngestLog(entry),
  });
  const { instance, secrets } = platform;
  progress.step('devices and people');
  const devices = await withConnection(instance.databaseUrl, (client) => seedDevices(client, secrets.devices));
  await withConnection(instance.databaseUrl, (client) => seedDemoUsers(client, instance, secrets.people));
  platform.saveSecrets();
  claim.announce(instance);
  progress.step('first readings');
  const brokerUrl = platform.broker.current.url;
  const simulator = startSimulator({ brokerUrl, ca: instance.ca, devices, intervalMs });
  const arrival = waitForReadings(instance.databaseUrl, { devices: devices.length, intervalMs, since: startedAt });
  await Promise.race([arrival, stopSignal]).catch(async (error: Error) => {
    await simulator.stop();
    await platform.stop();
    throw new Error(`${error.message}; see ingest.log and broker/mosquitto.log in ${claim.dir}`);
  });
  if (!isStopping) progress.step('dashboard');
  const missing = await Promise.race([dashboard, stopSignal.then(() => undefined)]);
  progress.done();
  if (missing) console.error(`\nerror: ${missing.message}`);
  if (!isStopping) {
    printReady(instance, claim.dir, { people: secrets.people, hasDashboard: missing === undefined });
    status.run(instance.databaseUrl, simulator.acknowledged);
  }

  const reason = await stopSignal;
  status.stop();
  console.log(`\nStopping (${reason}) ...`);
  await simulator.stop();
  await platform.stop();
  claim.release();
  console.log('Stopped. The data is kept for the next start.');
}
