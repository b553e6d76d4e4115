// The built ingest worker as a child process: the same bundle that the Function App runs, in worker mode.
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../bootstrap/root.mjs';
import { startChild, stopChild } from './child.ts';
import { openLogFile } from './log-file.ts';

/** The bundle that `npm run build` makes. */
export const INGEST_BUNDLE = join(ROOT, 'dist/functions/main.mjs');

/** What a worker is started with. */
export interface IngestWorkerOptions {
  /** Its settings: docs/ingest.md lists them. Secrets are passed this way, never on the command line. */
  env: Record<string, string>;
  /** Its log, JSON lines, is appended here. */
  logFile: string;
  /** Called when the log cannot be written, and when it can again. Default: nothing is done. */
  onTrouble?: ((message: string) => void) | undefined;
  /** Called with each line of its log. */
  onLog?: ((entry: Record<string, unknown>) => void) | undefined;
}

/** A running worker. */
export interface IngestWorker {
  child: ChildProcess;
  /** SIGTERM: it finishes its batch, acknowledges, gives its lease back and ends. */
  stop(): Promise<void>;
}

/** Starts the worker. */
export function startIngestWorker({ env, logFile, onTrouble = () => {}, onLog }: IngestWorkerOptions): IngestWorker {
  const child = startChild(process.execPath, ['--enable-source-maps', INGEST_BUNDLE, '--mode', 'worker'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LOG_LEVEL: 'info', ...env },
  });
  const log = openLogFile(logFile, onTrouble);
  child.stderr?.on('data', (data) => log.write(data));
  createInterface({ input: child.stdout! }).on('line', (line) => {
    log.write(`${line}\n`);
    if (line.startsWith('{')) onLog?.(JSON.parse(line));
  });
  child.once('close', () => log.close());
  return { child, stop: () => stopChild(child) };
}
