// Frees disk that Docker holds for nothing. What runs, and what has a name, stays.
import { docker } from './project.ts';

/** Each step is tried, whatever becomes of the others. @throws Error that names those that failed. */
export function cleanUp(log: (line: string) => void): void {
  const failures: string[] = [];
  for (const [what, args] of STEPS) {
    try {
      log(`${what}: ${docker(args).trim().split('\n').at(-1)}`);
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  if (failures.length > 0) throw new Error(`${failures.join('; ')}. What was done is done; run it again`);
}

/** Never `--all`: it takes the images of whatever is down just now, too. */
const STEPS: [what: string, args: string[]][] = [
  ['images without a name', ['image', 'prune', '--force']],
  ['build cache', ['builder', 'prune', '--force']],
];
