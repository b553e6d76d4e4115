// Ingest against other collectors, and against the limits of database and broker: rows per second, CPU, memory and losses, with the same
// messages, the same broker and a table of the same shape. docs/benchmarks.md says how to read it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildFunctions } from '../provisioning/functions/build.ts';
import { brokerDrain, rawCopy } from './ingest/bounds.ts';
import { type Contender, ours, TUTORIAL, telegraf } from './ingest/contenders.ts';
import { measure, type Result } from './ingest/measure.ts';
import { printProfile } from './ingest/profile.ts';
import { mediansOf, printBound, printRatios, printTable } from './ingest/report.ts';
import { DEVICES } from './support/readings.ts';
import { type Stage, startStage } from './support/stage.ts';
import { findTelegraf } from './support/telegraf.ts';

const HELP = `Collectors on the same messages: TLS, QoS 1, persistent session, about 136 bytes each.

usage: npm run bench -- ingest [--messages N] [--rounds N] [--only NAME,…] [--json FILE] [--profile]

  --messages  how many wait on the broker; the tutorial script gets a tenth. Default: 200000
  --rounds    how often each is measured, in turn; medians are printed. Default: 5
  --only      some of: ours, telegraf, tutorial, raw-copy, broker-drain
  --json      writes every round's numbers into a file
  --profile   measures ours once more, with a profiler, and prints what its time went into
`;

type Measured = { name: string; run(stage: Stage, messages: number): Promise<Partial<Result>> };

/** @param args see HELP. */
export async function run(args: string[] = []): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '200000' },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  // A multiple of ten times the number of devices: each publishes as many, also of a tenth.
  const messages = Math.ceil(Number(values.messages) / (10 * DEVICES.length)) * 10 * DEVICES.length;
  const rounds = Number(values.rounds);
  if (!(messages >= 10_000 && rounds >= 1)) throw new Error('at least 10000 messages and 1 round are needed');
  const all = await contenders(values.only?.split(','));
  await buildFunctions();
  const results = new Map<string, Partial<Result>[]>(all.map(({ name }) => [name, []]));
  const stage = await startStage();
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const { name, run: measureOne } of all) {
        const result = await measureOne(stage, messages);
        results.get(name)?.push(result);
        const speed = `${Math.round(result.rowsPerSecond ?? 0)} a second`;
        console.log(`round ${round} of ${rounds}  ${name.padEnd(12)} ${speed.padStart(16)}, ${result.lost} lost`);
      }
    }
    if (values.profile) await profile(stage, messages);
  } finally {
    await stage.stop();
  }
  const medians = new Map([...results].map(([name, rows]) => [name, mediansOf(rows)]));
  printTable(medians, messages, rounds);
  printBound(medians);
  printRatios(results);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(Object.fromEntries(results), null, 2)}\n`);
}

async function profile(stage: Stage, messages: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-saas-profile-'));
  try {
    await measure(stage, ours(['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${folder}`]), messages);
    printProfile(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function contenders(only: string[] | undefined): Promise<Measured[]> {
  const wanted = (name: string) => only === undefined || only.includes(name);
  const collector = (contender: Contender): Measured => ({
    name: contender.name,
    run: (stage, messages) => measure(stage, contender, messages * contender.part),
  });
  const all: Measured[] = [collector(ours())];
  if (wanted('telegraf')) {
    const found = await findTelegraf(console.log);
    if ('program' in found) all.push(collector(telegraf(found.program)));
    else console.log(`skipped: telegraf, because ${found.missing}`);
  }
  all.push(collector(TUTORIAL), { name: 'raw-copy', run: rawCopy }, { name: 'broker-drain', run: brokerDrain });
  const chosen = all.filter(({ name }) => wanted(name));
  if (chosen.length === 0) throw new Error('--only names none of: ours, telegraf, tutorial, raw-copy, broker-drain');
  return chosen;
}
