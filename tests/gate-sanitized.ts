// `npm run test:gate-sanitized`: the gate's tests with a real broker, with the gate under AddressSanitizer, LeakSanitizer and
// UndefinedBehaviorSanitizer. MQTT_SAAS_MOSQUITTO names other brokers to try it with (provisioning/broker/gate/testing/rig.ts).
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../bootstrap/root.mjs';
import { makeScratchDir } from '../lab/unprivileged.ts';
import { gcc, SANITIZERS } from '../provisioning/broker/gate/testing/compile.ts';
import { cFiles } from '../provisioning/broker/gate.ts';

/** Those with a real broker. */
const TESTS = ['gate', 'gate-accounts', 'gate-connections', 'gate-limits', 'gate-queue'].map(
  (name) => `provisioning/broker/${name}.test.ts`,
);

const folder = makeScratchDir();
// The broker's user writes its reports there.
chmodSync(folder, 0o1777);
const gate = join(folder, 'gate.so');
try {
  gcc(['-std=c11', '-D_GNU_SOURCE', '-fPIC', '-shared', '-fvisibility=hidden', ...SANITIZERS, '-o', gate, ...cFiles()]);
  const library = (name: string) => execFileSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
  const env = {
    ...process.env,
    MQTT_SAAS_GATE: gate,
    MQTT_SAAS_PRELOAD: `${library('libasan.so')}:${library('libubsan.so')}`,
    ASAN_OPTIONS: `log_path=${join(folder, 'report')}`,
    UBSAN_OPTIONS: `log_path=${join(folder, 'report')}:print_stacktrace=1`,
  };
  const vitest = join(ROOT, 'node_modules/.bin/vitest');
  const { status } = spawnSync(vitest, ['run', ...TESTS], {
    cwd: ROOT,
    env,
    stdio: 'inherit',
  });
  // Mosquitto itself frees not all of its configuration when it ends.
  const ofTheGate = readdirSync(folder)
    .filter((name) => name.startsWith('report'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .filter((text) => /gate\.so|ERROR: AddressSanitizer/.test(text));
  for (const text of ofTheGate) console.error(text);
  process.exitCode = status === 0 && ofTheGate.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
