// A full disk: `/dev/full` refuses every byte; a disk that gets room again is a file system of 64 KiB in a namespace of its own.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { startIngestWorker } from './ingest-worker.ts';
import { openLogFile } from './log-file.ts';
import { makeScratchDir } from './unprivileged.ts';

test('a full disk is said once, and ends nothing', () => {
  const said: string[] = [];
  const log = openLogFile('/dev/full', (message) => said.push(message));
  for (let line = 0; line < 3; line++) log.write('a line\n');
  log.close();
  expect(said).toEqual([expect.stringMatching(/^\/dev\/full cannot be written.*: the disk is full: make room$/)]);
});

test("the worker's log on a full disk: its lines are still heard, and this process goes on", async () => {
  const said: string[] = [];
  const entries: Record<string, unknown>[] = [];
  // Neither is there: the worker says so, again and again.
  const env = {
    MQTT_BROKER_URL: 'mqtt://127.0.0.1:1',
    MQTT_BROKER_USERNAME: 'svc-ingest',
    MQTT_BROKER_PASSWORD: 'x',
    EXTERNAL_DATABASE_CONNECTION_STRING: 'postgres://u:p@127.0.0.1:1/x',
  };
  const worker = startIngestWorker({
    env,
    logFile: '/dev/full',
    onLog: (entry) => entries.push(entry),
    onTrouble: (message) => said.push(message),
  });
  onTestFinished(worker.stop);
  await expect.poll(() => entries.length, { timeout: 30_000 }).toBeGreaterThan(3);
  expect(said).toHaveLength(1);
  const ended = once(worker.child, 'exit');
  await worker.stop();
  await ended;
});

const SCRIPT = `
  import { readFileSync, rmSync, writeFileSync } from 'node:fs';
  import { openLogFile } from ${JSON.stringify(join(ROOT, 'lab/log-file.ts'))};
  const said = [];
  const log = openLogFile('log', (message) => said.push(message));
  log.write('before\\n');
  try { writeFileSync('filler', Buffer.alloc(1 << 20)); } catch {}
  log.write('x'.repeat(8192) + '\\n');
  log.write('during\\n');
  rmSync('filler');
  log.write('after\\n');
  console.log(JSON.stringify({ said, text: readFileSync('log', 'utf8') }));
`;
const namespaces = spawnSync('unshare', ['--mount', '--map-root-user', 'true']).status === 0;

test.skipIf(!namespaces)('(namespaces) once there is room again, it is written again', () => {
  const dir = makeScratchDir();
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const script = `mount -t tmpfs -o size=64k none ${dir} && cd ${dir} && exec "$0" --input-type=module-typescript`;
  const { stdout, stderr } = spawnSync(
    'unshare',
    ['--mount', '--map-root-user', 'sh', '-c', script, process.execPath],
    {
      input: SCRIPT,
      encoding: 'utf8',
    },
  );
  expect(stderr).toBe('');
  const { said, text } = JSON.parse(stdout);
  expect(said).toEqual([expect.stringContaining('the disk is full'), expect.stringContaining('is written again')]);
  expect(text).toMatch(/^before\n/);
  expect(text).toMatch(/after\n$/);
});
