// `npm run build:gate`: builds the gate for every machine it is for, with Zig's C compiler, which comes as a Python package. The
// same sources give the same bytes on any machine.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePythonTools } from '../bootstrap/python-tools.ts';
import { BUILT, cFiles, FLAGS, GATE_MACHINES, SOURCES, sourcesHash } from '../provisioning/broker/gate.ts';

/** That of Debian 11 and Ubuntu 20.04, and so of all later ones. */
const GLIBC = '2.31';

const python = join(ensurePythonTools('tests/gate-tools.txt'), 'python');
mkdirSync(BUILT, { recursive: true });
for (const machine of Object.values(GATE_MACHINES)) {
  const target = ['-target', `${machine}-linux-gnu.${GLIBC}`, '-s', '-Wl,--allow-shlib-undefined'];
  const output = join(BUILT, `gate-${machine}.so`);
  // From the sources' folder, so that no path gets into the file.
  const command = ['-m', 'ziglang', 'cc', ...target, ...FLAGS, '-o', output, ...cFiles()];
  const { status, stderr } = spawnSync(python, command, { cwd: SOURCES, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the gate for ${machine} does not build: ${stderr}`);
  console.log(`${createHash('sha256').update(readFileSync(output)).digest('hex')}  ${output}`);
}
writeFileSync(join(BUILT, 'sources.sha256'), `${sourcesHash()}\n`);
