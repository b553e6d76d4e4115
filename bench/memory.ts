// Memory of ingest when a tenant sends what becomes large: the built bundle as a worker, and as the Function App's host calls it. Each
// kind of message in a process of its own, and beside them plain readings; the peak of the resident memory is what counts.
import { setTimeout as sleep } from 'node:timers/promises';
import { MANY_SESSIONS, startLab } from '../lab/lab.ts';
import { buildFunctions } from '../provisioning/functions/build.ts';
import { BOMBS, type Bomb } from '../tests/support/bombs.ts';
import { drainIn, MOST_MIB, type Shape } from './support/ingest-shapes.ts';

const MESSAGES = 10_000;
/** Messages and bytes on their way to the broker: below the gate's bound for a tenant. */
const AT_ONCE = 500;
const MOST_BYTES_AT_ONCE = 8_000_000;
/** What waits on the broker, which holds 147 MB (docs/durability.md): always more than ingest reads ahead. */
const MOST_WAITING_BYTES = 64_000_000;
const HOUR_MS = 3_600_000;

const KINDS: Record<string, Bomb> = {
  plain: { contentType: undefined, make: (n: number) => Buffer.from(`{"n":${n},"temperature":21.5}`) },
  ...BOMBS,
};

/** @param args messages of each kind; then a part of the kinds' names. Exit code 1 when a bound is exceeded, or a message is lost. */
export async function run([messages = String(MESSAGES), only = '']: string[] = []): Promise<void> {
  await buildFunctions();
  for (const [name, bomb] of Object.entries(KINDS)) {
    if (!name.includes(only)) continue;
    for (const shape of ['worker', 'functions'] as const) {
      const started = performance.now();
      const { peak, received, stored, rejected } = await drain(bomb, shape, Number(messages));
      const isOver = peak > MOST_MIB[shape];
      const lost = Number(messages) * (bomb.readings ?? 1) - received;
      console.log(
        `${name}: ${shape} ${peak.toFixed(0)} MiB, at most ${MOST_MIB[shape]}${isOver ? ': EXCEEDED' : ''}; ${received} readings ` +
          `received, ${stored} stored, ${rejected} refused, ${lost} lost in ${((performance.now() - started) / 1000).toFixed(0)} s`,
      );
      if (isOver || lost !== 0) process.exitCode = 1;
    }
  }
}

/** Publishes, while ingest drains, and keeps more waiting than ingest reads ahead. @returns the largest peak, and the ledger's sums. */
async function drain({ contentType, make, readings = 1 }: Bomb, shape: Shape, messages: number) {
  const rig = await startLab({ devices: 4, broker: MANY_SESSIONS });
  const env = rig.env(shape, {
    INGEST_BATCH_CAP: '100000000',
    INGEST_TIME_GUARD_MS: String(HOUR_MS),
    MQTT_GATE_KEY_FILE: rig.broker.stampKeyFile,
  });
  const ledger = async () => {
    const { rows } = await rig.admin.query<Record<'received' | 'stored' | 'rejected', number>>(
      `select coalesce(sum(received), 0)::int as received, coalesce(sum(stored), 0)::int as stored,
         coalesce(sum(rejected), 0)::int as rejected from public.ingest_ledger`,
    );
    return rows[0]!;
  };
  const size = make(0).length;
  const atOnce = Math.max(1, Math.min(AT_ONCE, Math.floor(MOST_BYTES_AT_ONCE / size)));
  const mostWaiting = Math.floor(MOST_WAITING_BYTES / size);
  let published = 0;
  const publishSome = async () => {
    const payloads = Array.from({ length: Math.min(atOnce, messages - published) }, (_, n) => make(published + n));
    const device = rig.devices[Math.floor(published / atOnce) % rig.devices.length]!;
    await device.publish(payloads, { properties: contentType === undefined ? {} : { contentType } });
    published += payloads.length;
  };
  const publishAll = async () => {
    while (published < messages) {
      const { received } = await ledger();
      if (published - received / readings + atOnce <= mostWaiting) await publishSome();
      else await sleep(50);
    }
  };
  try {
    // Its session is on the broker from here on.
    await drainIn(shape, env);
    await publishSome();
    let isPublishing = true;
    const publishing = publishAll().finally(() => {
      isPublishing = false;
    });
    let peak = 0;
    // A run ends when nothing has come for a second, as it may while others keep this process waiting.
    for (let isLast = false; !isLast; ) {
      isLast = !isPublishing;
      peak = Math.max(peak, (await drainIn(shape, env)).peak);
    }
    await publishing;
    return { peak, ...(await ledger()) };
  } finally {
    await rig.stop();
  }
}
