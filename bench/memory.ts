// Memory of ingest when a tenant sends what becomes large: the built bundle as a worker, and as the Function App's host calls it. Each
// kind of message in a process of its own, and beside them plain readings; the peak of the resident memory is what counts.
import { MANY_SESSIONS, startLab } from '../lab/lab.ts';
import { buildFunctions } from '../provisioning/functions/build.ts';
import { BOMBS } from '../tests/support/bombs.ts';
import { drainIn, MOST_MIB } from './support/ingest-shapes.ts';

const MESSAGES = 10_000;
/** Messages on their way to the broker: below the gate's bound for a tenant. */
const AT_ONCE = 500;

/** @param args messages of each kind; then a part of the kinds' names. Exit code 1 when a bound is exceeded. */
export async function run([messages = String(MESSAGES), only = '']: string[] = []): Promise<void> {
  await buildFunctions();
  for (const [name, { contentType, make }] of Object.entries({ plain: PLAIN, ...BOMBS })) {
    if (!name.includes(only)) continue;
    const rig = await startLab({ devices: 4, broker: MANY_SESSIONS });
    try {
      const more = { INGEST_BATCH_CAP: '1000000', MQTT_GATE_KEY_FILE: rig.broker.stampKeyFile };
      for (const shape of ['worker', 'functions'] as const) await drainIn(shape, rig.env(shape, more));
      for (let from = 0; from < Number(messages); from += AT_ONCE) {
        const device = rig.devices[(from / AT_ONCE) % rig.devices.length]!;
        const payloads = Array.from({ length: Math.min(AT_ONCE, Number(messages) - from) }, (_, n) => make(from + n));
        await device.publish(payloads, { properties: contentType === undefined ? {} : { contentType } });
      }
      for (const shape of ['worker', 'functions'] as const) {
        const { peak, summary } = await drainIn(shape, rig.env(shape, more));
        const { outcome, received, stored, rejected, durationMs } = summary;
        const over = peak > MOST_MIB[shape];
        console.log(
          `${name}: ${shape} ${peak.toFixed(0)} MiB, at most ${MOST_MIB[shape]}${over ? ': EXCEEDED' : ''}; ` +
            `${outcome}, ${received} received, ${stored} stored, ${rejected} refused in ${durationMs} ms`,
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
