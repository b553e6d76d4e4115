// A database whose disk is full: readings wait on the broker, and are stored when there is space again.
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diskFull } from './damage.ts';
import { chanceOf } from './random.ts';
import { mountSmallDisk } from './small-disk.ts';
import { strikeUnderLoad } from './strike.ts';
import { startWorld, type World } from './world.ts';

const seed = Number(process.env.FAULTS_SEED ?? randomInt(2 ** 32));
const MEGABYTES = 160;
const disk = mountSmallDisk(MEGABYTES);
if (disk) console.log(`disk full: seed ${seed}`);
else console.log('skipped: no small disk may be mounted here (root only)');

describe.skipIf(!disk)('a full disk (needs root)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(chanceOf(seed), { dataDir: disk!.dir });
  });
  afterAll(async () => {
    await world?.stop();
    disk!.unmount();
  });

  test('nothing acknowledged is missing, nothing is double, the ledger adds up', { timeout: 60_000 }, async () => {
    await strikeUnderLoad(world, diskFull(disk!), 2000, 1);
    expect(world.load.messages()).toBe(2000);
  });
});
