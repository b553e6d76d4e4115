// `npm start`: the whole platform on this machine, with simulated devices. No account, no Docker.
import { Command, InvalidArgumentError } from 'commander';
import { withConnection } from '../provisioning/database/connect.ts';
import { buildFunctions } from '../provisioning/functions/build.ts';
import { ensureDashboard } from './dashboard.ts';
import { waitForReadings } from './first-readings.ts';
import { claimInstance, readPorts } from './instance.ts';
import { watchParents } from './parent.ts';
import { seedPeople } from './people.ts';
import { startPlatform } from './platform.ts';
import { ProgressLine, printReady } from './screen.ts';
import { seedDevices } from './seed.ts';
import { startSimulator } from './simulator.ts';
import { createStatusDisplay } from './status.ts';

interface Options {
  name?: string;
  mqttPort?: number;
  interval: number;
  debug?: true;
}

const options = new Command('npm start --')
  .description('Runs the whole platform on this machine until Ctrl-C: broker, database, ingest and simulated devices.')
  .option('--name <name>', 'a platform of its own, with its own data; default: the first that is not running')
  .option('--mqtt-port <port>', 'port of MQTT over TLS; default: the one of the last start, else a free one', port)
  .option('--interval <ms>', 'milliseconds between two readings of a simulated device', milliseconds, 1000)
  .option('--debug', 'show stack traces')
  .addHelpText(
    'after',
    `
Examples:
  npm start
  npm start -- --mqtt-port 8883 --interval 100
  npm start -- --name second

Exit codes: 0 stopped by Ctrl-C or a stop signal, 1 a part could not be started, 2 usage.`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts<Options>();

const stopSignal = new Promise<string>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
  watchParents(() => resolve('the program that started it is gone'));
});

try {
  await run();
  process.exit(0);
} catch (error) {
  console.error(options.debug ? error : `error: ${(error as Error).message}`);
  process.exit(1);
}

async function run(): Promise<void> {
  const claim = await claimInstance(options.name);
  const startedAt = new Date();
  const progress = new ProgressLine(process.stdout);
  const status = createStatusDisplay(process.stdout);
  await buildFunctions();
  // Beside everything else: after a change of its sources this takes longest. Without it the rest is still of use.
  const dashboard = ensureDashboard().then(
    () => undefined,
    (error: Error) => error,
  );
  const platform = await startPlatform({
    name: claim.name,
    dir: claim.dir,
    ...(options.mqttPort !== undefined && { mqttPort: options.mqttPort }),
    preferredPorts: readPorts(claim.dir),
    onProgress: (step) => progress.step(step),
    onTrouble: (message) => status.note(message),
    onIngestLog: (entry) => status.onIngestLog(entry),
  });
  const { instance, secrets } = platform;
  const devices = await withConnection(instance.databaseUrl, (client) => seedDevices(client, secrets.devices));
  await withConnection(instance.databaseUrl, (client) => seedPeople(client, instance, secrets.people));
  platform.saveSecrets();
  claim.announce(instance);
  progress.step('devices');
  const simulator = startSimulator({
    brokerUrl: platform.broker.current.url,
    ca: instance.ca,
    devices,
    intervalMs: options.interval,
  });
  progress.step('first readings');
  const arrival = waitForReadings(instance.databaseUrl, {
    devices: devices.length,
    intervalMs: options.interval,
    since: startedAt,
  });
  await Promise.race([arrival, stopSignal]).catch(async (error: Error) => {
    await simulator.stop();
    await platform.stop();
    throw new Error(`${error.message}; see ingest.log and broker/mosquitto.log in ${claim.dir}`);
  });
  progress.step('dashboard');
  const missing = await Promise.race([dashboard, stopSignal.then(() => undefined)]);
  progress.done();
  if (missing) console.error(`\nerror: ${missing.message}`);
  printReady(instance, claim.dir, { people: secrets.people, hasDashboard: missing === undefined });
  status.run(instance.databaseUrl, simulator.acknowledged);

  const reason = await stopSignal;
  status.stop();
  console.log(`\nStopping (${reason}) ...`);
  await simulator.stop();
  await platform.stop();
  claim.release();
  console.log('Stopped. The data are kept for the next start.');
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new InvalidArgumentError('it must be 1 to 65535.');
  return value;
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('it must be a whole number from 1.');
  return value;
}
