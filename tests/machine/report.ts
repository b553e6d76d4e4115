// The results: a line for each check while it runs, and all of them as JSON.
import { writeFileSync } from 'node:fs';
import { colorsFor } from '../../bootstrap/colors.ts';

const colors = colorsFor(process.stdout);

/** What became of one check. */
export interface Outcome {
  group: string;
  name: string;
  passed: boolean;
  /** A score or number, or why it failed. */
  note?: string;
  seconds: number;
}

/** Runs `act` as one line of the table. */
export async function measure(group: string, name: string, act: () => Promise<string | undefined>): Promise<Outcome> {
  const start = performance.now();
  const end = () => Number(((performance.now() - start) / 1000).toFixed(1));
  const outcome = await act().then(
    (note): Outcome => ({ group, name, passed: true, note, seconds: end() }),
    (error: Error): Outcome => ({ group, name, passed: false, note: error.message, seconds: end() }),
  );
  const { passed, note, seconds } = outcome;
  const mark = passed ? colors.green('pass') : colors.red('FAIL');
  const [first, ...more] = (note ?? '').split('\n');
  console.log(`${mark} ${group.padEnd(12)} ${name}${first ? `: ${first}` : ''} ${colors.dim(`${seconds} s`)}`);
  for (const line of more) console.log(`       ${line}`);
  return outcome;
}

/** Prints the closing line; writes the JSON file when there is one. Gives the exit code. */
export function close(outcomes: Outcome[], jsonFile?: string): number {
  if (jsonFile) writeFileSync(jsonFile, `${JSON.stringify(outcomes, null, 2)}\n`);
  const failed = outcomes.filter(({ passed }) => !passed).length;
  console.log(`\n${outcomes.length - failed} passed, ${failed} failed`);
  return failed === 0 && outcomes.length > 0 ? 0 : 1;
}
