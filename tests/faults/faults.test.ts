// The fault matrix in its short form; `npm run test:faults` is the long one.
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAMAGES } from './damage.ts';
import { chanceOf } from './random.ts';
import { strikeUnderLoad } from './strike.ts';
import { startWorld, type World } from './world.ts';

/** Set FAULTS_SEED to repeat what failed. */
const seed = Number(process.env.FAULTS_SEED ?? randomInt(2 ** 32));
console.log(`faults: seed ${seed}`);
const MESSAGES = 800;
const TIMEOUT_MS = 60_000;
const A_FIFTH = 0.2;

describe('one fault after the other, under load: nothing acknowledged is missing, nothing is double, the ledger adds up', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(chanceOf(seed));
  });
  afterAll(() => world?.stop());

  let harmed = false;
  test.for(DAMAGES)('$name', { timeout: TIMEOUT_MS }, async (damage, { skip }) => {
    // What is missing stays missing: every fault after it would be blamed.
    if (harmed) skip('an earlier fault did harm');
    harmed = true;
    await strikeUnderLoad(world, damage, MESSAGES, A_FIFTH);
    harmed = false;
  });

  test('all messages were published', () => {
    expect(world.load.messages()).toBe(MESSAGES * DAMAGES.length);
  });
});
