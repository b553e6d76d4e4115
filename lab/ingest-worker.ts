// The built ingest worker as a child process: the same bundle that the Function App runs, in worker mode.
import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../bootstrap/root.mjs';
import { startChild, stopChild } from './child.ts';

/** The bundle that `npm run build` makes. */
export const INGEST_BUNDLE = join(ROOT, 'dist/functions/main.mjs');

/** How the worker reaches broker and database; see docs/ingest.md for every setting. */
export interface IngestWorkerOptions {
  brokerUrl: string;
  username: string;
  password: string;
  /** The account it takes over from, during a rotation. */
  previous?: { username: string; password: string };
  /** PEM file of the CA to trust. */
  caFile: string;
  clientId: string;
  databaseUrl: string;
  /** Its log, JSON lines, is appended here. */
  logFile: string;
  /** Called with each line of its log. */
  onLog?: (entry: Record<string, unknown>) => void;
  /** More settings, e.g. `{ INGEST_BATCH_CAP: '100' }`. */
  settings?: Record<string, string>;
}

/** A running worker. */
export interface IngestWorker {
  child: ChildProcess;
  /** SIGTERM: it finishes its batch, acknowledges, gives its lease back and ends. */
  stop(): Promise<void>;
}

/** Starts the worker. Secrets go through the environment, never the command line. */
export function startIngestWorker(options: IngestWorkerOptions): IngestWorker {
  const child = startChild(process.execPath, ['--enable-source-maps', INGEST_BUNDLE, '--mode', 'worker'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      MQTT_BROKER_URL: options.brokerUrl,
      MQTT_BROKER_USERNAME: options.username,
      MQTT_BROKER_PASSWORD: options.password,
      ...(options.previous && {
        MQTT_BROKER_PREVIOUS_USERNAME: options.previous.username,
        MQTT_BROKER_PREVIOUS_PASSWORD: options.previous.password,
      }),
      MQTT_BROKER_CA: options.caFile,
      MQTT_CLIENT_ID: options.clientId,
      EXTERNAL_DATABASE_CONNECTION_STRING: options.databaseUrl,
      LOG_LEVEL: 'info',
      ...options.settings,
    },
  });
  const log = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
  child.stderr?.on('data', (data) => log.write(data));
  createInterface({ input: child.stdout! }).on('line', (line) => {
    log.write(`${line}\n`);
    if (line.startsWith('{')) options.onLog?.(JSON.parse(line));
  });
  child.once('close', () => log.end());
  return { child, stop: () => stopChild(child) };
}
