// How much longer a whole offline preview takes (start, program, policies, comparison, rendering) than Pulumi's SDK
// needs to run the program alone. Both use the same engine stand-in and the same compile cache, in turns.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../bootstrap/root.mjs';
import { runProgram } from './support/program.ts';
import { median } from './support/quantiles.ts';
import { timed } from './support/timed.ts';

const STACK = 'dev';
const ROUNDS = 7;

/** @param args number of rounds. Default: 7. */
export async function run([rounds = String(ROUNDS)]: string[] = []): Promise<void> {
  const alone: number[] = [];
  const whole: number[] = [];
  // The first round fills the compile cache and does not count.
  for (let round = 0; round <= Number(rounds); round++) {
    const a = await timed(() => runProgram(STACK));
    const b = await timed(wholePreview);
    if (round === 0) continue;
    alone.push(a);
    whole.push(b);
    console.log(`round ${round}: program alone ${a.toFixed(0)} ms, whole preview ${b.toFixed(0)} ms`);
  }
  const [a, b] = [median(alone), median(whole)];
  console.log(`median of ${rounds}: program alone ${a.toFixed(0)} ms, whole preview ${b.toFixed(0)} ms`);
  console.log(`ratio: ${(b / a).toFixed(2)} (goal: below 2)`);
}

async function wholePreview(): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, 'preview/main.ts'), '--stack', STACK], { stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the preview failed with exit code ${code}: run npm run preview -- --stack ${STACK}`);
}
