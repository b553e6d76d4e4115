// The cost of each way to save the broker's state, and what is lost when the broker is killed, with the real
// broker. TMPDIR chooses the disk. docs/durability.md has the numbers and how to read them.
import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { telemetryTopic } from '../domain/topics.ts';
import { startChild, stopChild } from '../lab/child.ts';
import { programsFolder } from '../provisioning/machine/bundle/testing/programs.ts';
import { type BenchBroker, startBenchBroker } from './support/broker.ts';
import { connectClient } from './support/mqtt-client.ts';
import { readPayload, startLoad } from './support/publisher.ts';
import { drain } from './support/subscriber.ts';

/** A way of saving. */
interface Setting {
  name: string;
  /** Lines of mosquitto.conf that differ. */
  interval: number;
  onChanges?: boolean;
  /** Runs save-state.py beside the broker. */
  saver?: boolean;
  /** Seconds between two saves of a small queue. */
  period: number;
}

/** What the others' speed is compared with, each time in the same minute. */
const NEVER: Setting = { name: 'never', interval: 0, period: Number.POSITIVE_INFINITY };
/** What save-state.service does. */
const CHOSEN: Setting = { name: 'save-state, 5 s or a tenth of the time', interval: 300, saver: true, period: 5 };
/** save-state notices that a save is done within this; seconds. */
const LOOK = 0.05;
/** Mosquitto compares whole seconds with "less than": an interval of 1 is 2 seconds. */
const SETTINGS: Setting[] = [
  NEVER,
  { name: 'autosave 1 s', interval: 1, period: 2 },
  { name: 'autosave 5 s', interval: 5, period: 6 },
  { name: 'autosave 30 s', interval: 30, period: 31 },
  { name: 'autosave on every change', interval: 1, onChanges: true, period: 0.1 },
  { name: 'autosave on 1,000 changes', interval: 1000, onChanges: true, period: 1 },
  CHOSEN,
];

const DEVICE = ['acme', 'pump-1'] as const;
const TOPIC = telemetryTopic(...DEVICE);
const PAYLOAD_BYTES = 200;
/** Messages per second while waiting for the kill. */
const RATE = 1000;
/** Messages that wait already when the cost is measured, as after some minutes without ingest. */
const STANDING = 100_000;
const COST_SECONDS = 20;
const COST_MESSAGES = 300_000;
const SAVER = join(programsFolder(), 'bin/save-state.py');

/** @param args kills of the chosen setting (default: 20), kills of each other one (default: 1; 0 leaves them out). */
export async function run([chosen = '20', others = '1']: string[] = []): Promise<void> {
  console.log(`${'setting'.padEnd(40)} speed, of never  slowest ack  kills  acknowledged   lost  worst, s  bound, s`);
  for (const setting of SETTINGS) {
    const kills = Number(setting === CHOSEN ? chosen : others);
    if (kills > 0) await measure(setting, kills);
  }
}

async function measure(setting: Setting, kills: number): Promise<void> {
  const base = setting === NEVER ? undefined : await cost(NEVER);
  const { perSecond, slowestMs } = await cost(setting);
  const speed = base ? perSecond / base.perSecond : 1;
  let acknowledged = 0;
  let lost = 0;
  let worst = 0;
  let slowestSave = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const result = await loss(setting);
    acknowledged += result.acknowledged;
    lost += result.lost;
    worst = Math.max(worst, result.lost / RATE);
    slowestSave = Math.max(slowestSave, result.saveSeconds);
  }
  const bound = Number.isFinite(setting.period) ? (setting.period + slowestSave).toFixed(2) : 'none';
  const columns = [
    (speed < 0.1 ? speed.toPrecision(1) : speed.toFixed(2)).padStart(15),
    `${Math.round(slowestMs)} ms`.padStart(11),
    String(kills).padStart(5),
    String(acknowledged).padStart(12),
    String(lost).padStart(6),
    worst.toFixed(2).padStart(8),
    bound.padStart(8),
  ];
  console.log(`${setting.name.padEnd(40)} ${columns.join('  ')}`);
}

/** Messages a second at full speed, and the longest wait for an acknowledgement, on top of a queue that stands. */
async function cost(setting: Setting): Promise<{ perSecond: number; slowestMs: number }> {
  const rig = await startRig({ name: 'filling', interval: 0, period: 0 });
  const filler = await connectClient(rig.device(...DEVICE));
  await startLoad(filler, { topic: TOPIC, payloadBytes: PAYLOAD_BYTES, count: STANDING, window: 1000 }).done;
  await filler.close();
  await rig.broker().stop();
  rig.apply(setting);
  await rig.start();
  const saver = startSaver(setting, rig);
  const client = await connectClient(rig.device(...DEVICE));
  const stop = AbortSignal.timeout(COST_SECONDS * 1000);
  const started = performance.now();
  const load = startLoad(client, { topic: TOPIC, payloadBytes: PAYLOAD_BYTES, count: COST_MESSAGES, signal: stop });
  await load.done;
  const seconds = (performance.now() - started) / 1000;
  await client.close();
  await stopSaver(saver);
  await rig.remove();
  return { perSecond: load.acknowledged.length / seconds, slowestMs: load.slowestMs };
}

interface Loss {
  acknowledged: number;
  lost: number;
  /** What is added to the period: the save itself, in which nobody is served, and noticing it. Seconds. */
  saveSeconds: number;
}

/** One kill at a random moment of the period, with nobody draining; then everything that is left is counted. */
async function loss(setting: Setting): Promise<Loss> {
  const rig = await startRig(setting);
  const saver = startSaver(setting, rig);
  const client = await connectClient(rig.device(...DEVICE));
  const load = startLoad(client, { topic: TOPIC, payloadBytes: PAYLOAD_BYTES, rate: RATE, window: 5000 });
  await sleep(1000 * (2 + Math.random() * Math.min(setting.period, 31)));
  await rig.broker().kill();
  await load.done;
  await stopSaver(saver);
  const saveSeconds = saver ? LOOK + lastSaveSeconds(rig) : 0;
  await rig.start();
  const left = new Set((await drain(rig.ingest)).map((payload) => readPayload(payload).number));
  await rig.remove();
  const lost = load.acknowledged.filter((number) => !left.has(number)).length;
  return { acknowledged: load.acknowledged.length, lost, saveSeconds };
}

/** A broker that saves as `setting` says, with ingest's session in it. */
async function startRig(setting: Setting): Promise<BenchBroker & { apply(setting: Setting): void }> {
  let { interval, onChanges = false } = setting;
  const rig = await startBenchBroker([DEVICE], {
    config: { maxQueuedMessages: 1_000_000, maxQueuedBytes: 1024 ** 3 },
    configure: (text) =>
      text
        .replace(/^autosave_interval .*$/m, `autosave_interval ${interval}`)
        .replace(/^autosave_on_changes .*$/m, `autosave_on_changes ${onChanges}`),
  });
  await drain(rig.ingest, 50);
  // What must survive is the session; its first save is part of every setting.
  await rig.broker().save();
  return Object.assign(rig, {
    apply: (next: Setting) => {
      ({ interval, onChanges = false } = next);
    },
  });
}

function startSaver({ saver }: Setting, rig: BenchBroker): ChildProcess | undefined {
  if (!saver) return undefined;
  const processes = join(rig.dir, 'processes');
  writeFileSync(processes, `${rig.broker().pid}\n`);
  const metrics = metricsFile(rig);
  const args = [
    SAVER,
    '--processes',
    processes,
    '--folder',
    dirname(rig.database),
    '--reserve',
    '0.000001',
    '--metrics',
    metrics,
  ];
  return startChild('python3', args, { stdio: 'inherit' });
}

const metricsFile = (rig: BenchBroker) => join(rig.dir, 'broker-state.prom');

function lastSaveSeconds(rig: BenchBroker): number {
  const [, seconds] =
    readFileSync(metricsFile(rig), 'utf8').match(/^mqtt_saas_broker_state_save_duration_seconds (.+)$/m) ?? [];
  return Number(seconds);
}

async function stopSaver(saver: ChildProcess | undefined): Promise<void> {
  if (saver) await stopChild(saver);
}
