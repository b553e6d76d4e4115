// Which database a command works on.
import { type Command, Option } from 'commander';
import { readInstance } from '../local/instance.ts';
import { describeUrl, hasPassword } from '../provisioning/database/connect.ts';

/** The options of a command that needs the database. */
export interface PlaceOptions {
  url?: string;
  local?: string;
}

/** Adds `--url` and `--local`. */
export const withPlace = (command: Command): Command =>
  command
    .option('--url <url>', 'database, as postgres://user:password@host:port/database (better: set DATABASE_URL)')
    .addOption(new Option('--local <name>', 'the local platform of this name').conflicts('url'));

/** Where a command works, and how to reach the broker when that is known. */
export interface Place {
  url: string;
  /** Set when it is the local platform. */
  broker?: { host: string; port: number; caFile: string };
  /** Address of the dashboard, when it is the local platform. */
  dashboard?: string;
}

/**
 * `--url` or `--local`, else DATABASE_URL, else the first local platform that runs. Warns of a password on the command line.
 * @throws Error when there is none of these.
 */
export function findPlace({ url, local: name }: PlaceOptions, env: NodeJS.ProcessEnv = process.env): Place {
  if (url !== undefined) {
    if (hasPassword(url)) {
      console.error('warning: every user of this machine can read the password in --url; set DATABASE_URL instead');
    }
    return { url };
  }
  if (env.DATABASE_URL && name === undefined) return { url: env.DATABASE_URL };
  const local = readInstance(name);
  if (local) {
    console.error(`local platform "${local.name}": ${describeUrl(local.databaseUrl)}`);
    return {
      url: local.databaseUrl,
      broker: { host: '127.0.0.1', port: local.mqttPort, caFile: local.caFile },
      dashboard: local.dashboardUrl,
    };
  }
  if (name !== undefined) throw new Error(`no local platform is running as "${name}": npm start -- --name ${name}`);
  throw new Error('no database: set DATABASE_URL, give --url, or start the local platform with npm start');
}
