// The options of `npm start`.
import { Command, InvalidArgumentError } from 'commander';

/** The options. */
export interface Options {
  name?: string;
  mqttPort?: number;
  dashboardPort?: number;
  interval: number;
  fresh?: true;
  remove?: string;
  debug?: true;
}

/** Reads the command line; ends the process after `--help`, and after a mistake. */
export function readOptions(): Options {
  return new Command('npm start --')
    .description(
      'Runs the whole platform on this machine until Ctrl-C: broker, database, ingest and simulated devices.',
    )
    .option('--name <name>', 'name of a separate platform with its own data (default: "default")')
    .option('--mqtt-port <port>', 'port of MQTT over TLS (default: the last one, or a free one)', port)
    .option('--dashboard-port <port>', 'port of the dashboard (default: the last one, or a free one)', port)
    .option('--interval <ms>', 'milliseconds between two readings of a simulated device', milliseconds, 1000)
    .option('--fresh', 'delete the data of earlier starts first: asks for confirmation, or needs --name')
    .option('--remove <name>', 'delete a platform and its data instead of starting one')
    .option('--debug', 'show stack traces')
    .addHelpText(
      'after',
      `
Examples:
  npm start
  npm start -- --mqtt-port 8883 --interval 100
  npm start -- --name second
  npm start -- --name default --fresh
  npm start -- --remove second

The dashboard listens on this machine only. To see it from another one, choose its port and forward it:
  npm start -- --dashboard-port 8080               here
  ssh -L 8080:127.0.0.1:8080 USER@THIS-MACHINE     there; then open http://127.0.0.1:8080

Exit codes: 0 stopped by Ctrl-C or a stop signal (after Ctrl-C, npm itself ends with 130);
1 a part could not be started, or the platform runs already; 2 usage.`,
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse()
    .opts<Options>();
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('Give a port from 1 to 65535.');
  return value;
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return value;
}
