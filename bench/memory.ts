// Memory of ingest when a tenant sends what becomes large: the built bundle as a worker, and as the Function App's host calls it. Each
// kind of message in a process of its own, and beside them plain readings; the peak of the resident memory is what counts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../bootstrap/root.mjs';
import { MANY_SESSIONS, startLab } from '../lab/lab.ts';
import { buildFunctions } from '../provisioning/functions/build.ts';
import { BOMBS } from '../tests/support/bombs.ts';
import { peakMiB } from './support/processes.ts';

const MESSAGES = 10_000;
const MOST_MIB = { worker: 150, functions: 200 };
/** Messages on their way to the broker: below the gate's bound for a tenant. */
const AT_ONCE = 500;
const FUNCTIONS = join(ROOT, 'dist/functions');

/** @param args messages of each kind; then a part of the kinds' names. Exit code 1 when a bound is exceeded. */
export async function run([messages = String(MESSAGES), only = '']: string[] = []): Promise<void> {
  await buildFunctions();
  for (const [name, { contentType, make }] of Object.entries({ plain: PLAIN, ...BOMBS })) {
    if (!name.includes(only)) continue;
    const rig = await startLab({ devices: 4, broker: MANY_SESSIONS });
    try {
      const more = { INGEST_BATCH_CAP: '1000000', MQTT_GATE_KEY_FILE: rig.broker.stampKeyFile };
      const shapes = {
        worker: [join(FUNCTIONS, 'main.mjs'), '--mode', 'run'],
        functions: [join(ROOT, 'tests/support/functions-host.cjs'), FUNCTIONS, 'mqtt_ingest'],
      };
      const start = (shape: keyof typeof shapes) => drain(shapes[shape], rig.env(shape, more));
      for (const shape of ['worker', 'functions'] as const) await start(shape);
      for (let from = 0; from < Number(messages); from += AT_ONCE) {
        const device = rig.devices[(from / AT_ONCE) % rig.devices.length]!;
        const payloads = Array.from({ length: Math.min(AT_ONCE, Number(messages) - from) }, (_, n) => make(from + n));
        await device.publish(payloads, { properties: contentType === undefined ? {} : { contentType } });
      }
      for (const shape of ['worker', 'functions'] as const) {
        const { peak, line } = await start(shape);
        const over = peak > MOST_MIB[shape];
        console.log(
          `${name}: ${shape} ${peak.toFixed(0)} MiB, at most ${MOST_MIB[shape]}${over ? ': EXCEEDED' : ''}; ${line}`,
        );
        if (over) process.exitCode = 1;
        await rig.admin.query('truncate public.telemetry, public.dead_letters, ingest.untimed');
      }
    } finally {
      await rig.stop();
    }
  }
}

const PLAIN = { contentType: undefined, make: (n: number) => Buffer.from(`{"n":${n},"temperature":21.5}`) };

/** One run of ingest. @returns its peak, and what its summary says. */
async function drain(args: string[], env: Record<string, string>): Promise<{ peak: number; line: string }> {
  const child = spawn(process.execPath, args, { env: { ...env, LOG_LEVEL: 'info' }, stdio: ['ignore', 'pipe', 'inherit'] });
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
  const lines = output.split('\n').filter((line) => line.includes('"mqtt_ingest run"'));
  const { outcome, received, stored, rejected, durationMs } = JSON.parse(lines.at(-1) ?? '{}');
  return { peak, line: `${outcome}, ${received} received, ${stored} stored, ${rejected} refused in ${durationMs} ms` };
}
