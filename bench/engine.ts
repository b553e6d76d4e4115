// What the policy pack costs under the genuine Pulumi engine: `pulumi preview` of dev with it, against the same preview without it, in
// turns, with the stand-in providers of tests/engine.
import { freshFunctions } from '../provisioning/functions/build.ts';
import { EngineStack, type RunOptions } from '../tests/engine/stack.ts';
import { median } from './support/quantiles.ts';
import { timed } from './support/timed.ts';

const ROUNDS = 5;

/** @param args number of rounds. Default: 5. */
export async function run([rounds = String(ROUNDS)]: string[] = []): Promise<void> {
  // The program's first run would build them.
  await freshFunctions();
  const stack = await EngineStack.open();
  const preview = (options: RunOptions) =>
    timed(async () => {
      const { status, output } = await stack.preview(options);
      if (status !== 0) throw new Error(`pulumi preview failed:\n${output}`);
    });
  const without: number[] = [];
  const withPack: number[] = [];
  try {
    // The first round fills the compile cache and does not count.
    for (let round = 0; round <= Number(rounds); round++) {
      const a = await preview({});
      const b = await preview({ pack: true });
      if (round === 0) continue;
      without.push(a);
      withPack.push(b);
      console.log(`round ${round}: without the pack ${a.toFixed(0)} ms, with it ${b.toFixed(0)} ms`);
    }
  } finally {
    stack.close();
  }
  const [a, b] = [median(without), median(withPack)];
  console.log(`median of ${rounds}: without the pack ${a.toFixed(0)} ms, with it ${b.toFixed(0)} ms`);
  console.log(`ratio: ${(b / a).toFixed(2)} (goal: at most 1.5)`);
}
