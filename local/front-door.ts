// Starts the front door: the dashboard, its Pages Functions and the Supabase-compatible API behind one address.
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, stopChild } from '../lab/child.ts';
import { logEnd } from '../lab/log-end.ts';
import { isPortFree } from '../lab/ports.ts';

/** How to start the front door. */
export interface FrontDoorOptions {
  /** TCP port on loopback. */
  port: number;
  /** The built dashboard; may be missing or change while the front door runs. */
  siteDir: string;
  /** URL of the database as the role of api-role.ts. */
  databaseUrl: string;
  jwtSecret: string;
  publishableKey: string;
  broker: { host: string; port: number; caFile: string };
  /** Folder of the archive, and the key of the links to it. Default: it serves none. */
  archive?: { folder: string; linkKey: string };
  /** Maximum number of rows in an answer of the API. Default: Supabase's, 1000. */
  maxRows?: number;
  /** Where the ingest worker answers questions. Default: there are none. */
  questionsUrl?: string | undefined;
  /** File for failed requests, and for the mails that the sign-in service would have sent. */
  logFile: string;
}

/** A running front door. */
export interface FrontDoor {
  /** Origin, such as `http://127.0.0.1:18080`. */
  url: string;
  child: ChildProcess;
  stop(): Promise<void>;
}

const MAIN = join(import.meta.dirname, 'front-door/main.ts');
const START_TIMEOUT_MS = 30_000;

/** Starts it and returns once it answers. Secrets are passed in the environment. @throws Error with its last output. */
export async function startFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const { port, broker, archive, logFile } = options;
  if (!(await isPortFree(port))) {
    throw new Error(
      `port ${port} on 127.0.0.1 is taken: stop the program that listens there, or choose another with --dashboard-port`,
    );
  }
  const log = openSync(logFile, 'a', 0o600);
  const child = startChild(process.execPath, [MAIN], {
    stdio: ['ignore', log, log],
    env: {
      PATH: process.env.PATH,
      LITE_TELEMETRY: '0',
      FRONT_DOOR_PORT: String(port),
      FRONT_DOOR_SITE: options.siteDir,
      FRONT_DOOR_DATABASE_URL: options.databaseUrl,
      FRONT_DOOR_JWT_SECRET: options.jwtSecret,
      SUPABASE_PUBLISHABLE_KEY: options.publishableKey,
      BROKER_HOST: broker.host,
      BROKER_PORT: String(broker.port),
      BROKER_CA_FILE: broker.caFile,
      ...(archive && { ARCHIVE_STORE: archive.folder, ARCHIVE_LINK_KEY: archive.linkKey }),
      FRONT_DOOR_MAX_ROWS: String(options.maxRows ?? 1000),
      ...(options.questionsUrl && { QUESTIONS_URL: options.questionsUrl }),
    },
  });
  closeSync(log);
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilAnswering(`${url}/auth/v1/health`, options.publishableKey, child);
  } catch (error) {
    await stopChild(child);
    throw new Error(`the front door ${(error as Error).message}; ${logEnd(logFile)}`);
  }
  return { url, child, stop: () => stopChild(child) };
}

async function untilAnswering(url: string, publishableKey: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('ended at once');
    if (Date.now() > deadline) throw new Error(`did not answer within ${START_TIMEOUT_MS / 1000} s`);
    const answer = await fetch(url, { headers: { apikey: publishableKey } }).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
}
