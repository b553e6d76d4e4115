// One run of the built ingest in a process of its own: as a worker's process, and as the Function App's host calls it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../../bootstrap/root.mjs';
import { peakMiB } from './processes.ts';

const FUNCTIONS = join(ROOT, 'dist/functions');
const ARGUMENTS = {
  worker: [join(FUNCTIONS, 'main.mjs'), '--mode', 'run'],
  functions: [join(ROOT, 'tests/support/functions-host.cjs'), FUNCTIONS, 'mqtt_ingest'],
};
export type Shape = keyof typeof ARGUMENTS;

/** Most resident memory that ingest may take, MiB. */
export const MOST_MIB: Record<Shape, number> = { worker: 150, functions: 200 };

/** @returns the peak of its resident memory, and the run's summary. */
export async function drainIn(shape: Shape, env: Record<string, string>) {
  const child = spawn(process.execPath, ARGUMENTS[shape], {
    env: { ...env, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let peak = 0;
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  // The peak that the kernel keeps goes with the process: read until the end.
  const reading = setInterval(() => {
    peak = Math.max(peak, peakMiB(child.pid!));
  }, 50);
  await once(child, 'close');
  clearInterval(reading);
  const line = output.split('\n').findLast((text) => text.includes('"mqtt_ingest run"'));
  if (line === undefined) throw new Error(`ingest ended without a summary: ${output}`);
  return { peak, summary: JSON.parse(line) as Record<string, unknown> };
}
