// One fault under load.
import type { Damage } from './damage.ts';
import { expectUnharmed } from './verdict.ts';
import type { World } from './world.ts';

/**
 * Publishes `messages`, does the damage when a part of them, chosen by chance, is acknowledged, and waits until all are
 * stored. @throws Error when it did harm.
 */
export async function strikeUnderLoad(world: World, damage: Damage, messages: number, scale: number): Promise<void> {
  const { load, chance } = world;
  const before = Math.floor(messages * (0.1 + chance.next() * 0.6));
  if (damage.atRest) {
    await load.publish(before);
    await damage.strike(world, scale);
    await load.publish(messages - before);
  } else {
    const enough = load.messages() + before;
    const publishing = load.publish(messages);
    await load.untilAcknowledged(enough);
    await Promise.all([publishing, damage.strike(world, scale)]);
  }
  await expectUnharmed(world);
}
