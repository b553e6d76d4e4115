// `npm run test:faults`: the fault matrix in its long form. Every fault several times under load, each round with a seed
// that is printed and repeats it.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { buildFunctions } from '../../provisioning/functions/build.ts';
import { DAMAGES, type Damage, diskFull } from './damage.ts';
import { chanceOf } from './random.ts';
import { mountSmallDisk } from './small-disk.ts';
import { strikeUnderLoad } from './strike.ts';
import { startWorld } from './world.ts';

const HELP = `Faults under load: nothing acknowledged is missing, nothing is double, the ledger adds up, memory is bounded.

usage: npm run test:faults -- [--rounds N] [--messages N] [--seed N] [--only FAULT] [--pooler]

  --rounds    how often each fault strikes; default: 10
  --messages  how many messages in all, of one or several readings; default: 100000
  --seed      repeats the round that printed it; --rounds is 1 then
  --only      one fault: ${[...DAMAGES.map(({ name }) => name), 'disk-full'].join(', ')}
  --pooler    ingest reaches the database through PgBouncer in transaction mode
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    messages: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    only: { type: 'string' },
    pooler: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const DISK_MEGABYTES = 160;
const { pooler, only } = values;
const rounds = values.seed === undefined ? Number(values.rounds) : 1;
const perFault = Math.ceil(Number(values.messages) / Number(values.rounds) / (DAMAGES.length + 1));
let messages = 0;
let failures = 0;

if (values.help) console.log(HELP);
else await strikeAll();

async function strikeAll(): Promise<void> {
  await buildFunctions();
  for (let round = 1; round <= rounds; round++) {
    const seed = Number(values.seed ?? randomInt(2 ** 32));
    console.log(`round ${round} of ${rounds}: --seed ${seed}${pooler ? ' --pooler' : ''}`);
    const chosen = chanceOf(seed)
      .shuffle(DAMAGES)
      .filter(({ name }) => only === undefined || only === name);
    if (chosen.length > 0) await strikeWorld(seed, chosen);
    if (only === undefined || only === 'disk-full') await strikeDisk(seed);
  }
  console.log(`\n${messages} messages, ${failures} ${failures === 1 ? 'fault' : 'faults'} did harm`);
  process.exitCode = failures === 0 && messages > 0 ? 0 : 1;
}

/** A round's faults one after the other in one world. After harm the world is left: what follows would be judged by it. */
async function strikeWorld(seed: number, damages: Damage[], dataDir?: string): Promise<void> {
  const world = await startWorld(chanceOf(seed), { pooler, ...(dataDir !== undefined && { dataDir }) });
  let striking = '';
  try {
    for (const damage of damages) {
      striking = damage.name;
      const started = performance.now();
      await strikeUnderLoad(world, damage, perFault, 1);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`  ok    ${damage.name.padEnd(30)} ${seconds.padStart(5)} s, ${Math.round(world.peakMemory())} MiB`);
      messages += perFault;
    }
  } catch (error) {
    failures += 1;
    console.log(`  HARM  ${striking}: ${(error as Error).message}`);
  } finally {
    await world.stop();
  }
}

async function strikeDisk(seed: number): Promise<void> {
  const disk = mountSmallDisk(DISK_MEGABYTES);
  if (disk === undefined) return console.log('  skipped: disk-full, because only root may mount a small disk');
  try {
    await strikeWorld(seed, [diskFull(disk)], disk.dir);
  } finally {
    disk.unmount();
  }
}
