// `npm run test:gate-fuzz [EXECUTIONS] [SEED]`: feeds the gate's pure parts with damaged input, ten million times unless told
// otherwise, one process a processor. Fails when a sanitizer, or the program's own checks, find something.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from './compile.ts';

const [executions = 10_000_000, seed = Math.floor(Math.random() * 1e9)] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'gate-fuzz-'));
try {
  const program = join(folder, 'fuzz');
  compile('fuzz.c', program);
  const processes = availableParallelism();
  const each = String(Math.ceil(executions / processes));
  console.log(`${executions} executions, from seed ${seed} on`);
  const codes = await Promise.all(
    Array.from({ length: processes }, async (_, n) => {
      const child = spawn(program, [String(seed + n), each], { stdio: 'inherit' });
      const [code] = await once(child, 'exit');
      return code;
    }),
  );
  process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
