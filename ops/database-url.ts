// Which database a command works on.
import { Option } from 'commander';
import { readInstance } from '../local/instance.ts';
import { describeUrl, hasPassword } from '../provisioning/database/connect.ts';

/** `--url`, on every command that needs the database. */
export const urlOption = () =>
  new Option('--url <url>', 'database, as postgres://user:password@host:port/database (better: set DATABASE_URL)');

/** Where a command works, and how to reach the broker when that is known. */
export interface Place {
  url: string;
  /** Set when it is the local platform. */
  broker?: { host: string; port: number; caFile: string };
}

/**
 * `--url`, else DATABASE_URL, else the running local platform. Warns of a password on the command line.
 * @throws Error when there is none of these.
 */
export function findPlace(url: string | undefined, env: NodeJS.ProcessEnv = process.env): Place {
  if (url !== undefined) {
    if (hasPassword(url)) {
      console.error('warning: every user of this machine can read the password in --url; set DATABASE_URL instead');
    }
    return { url };
  }
  if (env.DATABASE_URL) return { url: env.DATABASE_URL };
  const local = readInstance();
  if (local) {
    console.error(`local platform "${local.name}": ${describeUrl(local.databaseUrl)}`);
    return { url: local.databaseUrl, broker: { host: 'localhost', port: local.mqttPort, caFile: local.caFile } };
  }
  throw new Error('no database: set DATABASE_URL, give --url, or start the local platform with npm start');
}
