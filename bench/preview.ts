// How much longer a whole offline preview takes (start, program, policies, comparison, rendering) than Pulumi's SDK
// needs to run the program alone. Both use the same engine stand-in and the same compile cache, in turns.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../bootstrap/root.mjs';
import { startEngine } from '../preview/engine/engine.ts';
import { startProgram } from '../preview/program.ts';
import { readProject } from '../preview/project.ts';

const STACK = 'dev';
const ROUNDS = 7;

/** @param args number of rounds. Default: 7. */
export async function run([rounds = String(ROUNDS)]: string[] = []): Promise<void> {
  const alone: number[] = [];
  const whole: number[] = [];
  // The first round fills the compile cache and does not count.
  for (let round = 0; round <= Number(rounds); round++) {
    const a = await timed(programAlone);
    const b = await timed(wholePreview);
    if (round === 0) continue;
    alone.push(a);
    whole.push(b);
    console.log(`round ${round}: program alone ${a.toFixed(0)} ms, whole preview ${b.toFixed(0)} ms`);
  }
  const [a, b] = [median(alone), median(whole)];
  console.log(`median of ${rounds}: program alone ${a.toFixed(0)} ms, whole preview ${b.toFixed(0)} ms`);
  console.log(`ratio: ${(b / a).toFixed(2)} (target: below 2)`);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Cheaper than the truth: the engine's own start-up is in this process already. */
async function programAlone(): Promise<void> {
  const project = readProject(ROOT, STACK);
  const engine = await startEngine(project, new Map());
  const program = startProgram(project, engine.address);
  const code = await program.exited;
  engine.close();
  if (code !== 0) throw new Error(`the program failed: ${program.output()}`);
}

async function wholePreview(): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, 'preview/main.ts'), '--stack', STACK], { stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the preview failed with exit code ${code}: run npm run preview -- --stack ${STACK}`);
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
