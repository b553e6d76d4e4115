// `npm start` and `npm run verify` as the README tells them: from start to stop, twice, side by side, and killed.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { readInstance } from '../local/instance.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { processesOf, removePlatform, startPlatformProcess } from './support/platform-process.ts';

const run = promisify(execFile);
const suffix = randomBytes(3).toString('hex');
const [one, two] = [`test-${suffix}-1`, `test-${suffix}-2`];
const TIMEOUT_MS = 400_000;

afterAll(() => {
  for (const name of [one, two]) {
    for (const pid of processesOf(name)) process.kill(pid, 'SIGKILL');
    removePlatform(name);
  }
});

async function countRows(name: string): Promise<number> {
  return withConnection(readInstance(name)!.databaseUrl, async (client) => {
    const { rows } = await client.query('select count(*)::int as n from public.telemetry');
    return rows[0].n;
  });
}

test('readings arrive, verify passes, a second platform runs beside it, Ctrl-C ends it', {
  timeout: TIMEOUT_MS,
}, async () => {
  const first = await startPlatformProcess(one, 'program', ['--interval', '200']);
  await expect.poll(() => countRows(one), { timeout: 20_000 }).toBeGreaterThan(10);

  const second = await startPlatformProcess(two, 'npm');
  expect(readInstance(two)!.mqttPort).not.toBe(readInstance(one)!.mqttPort);

  const { stdout } = await run('npm', ['run', '--silent', 'verify', '--', '--target', `local:${one}`, '--json'], {
    cwd: ROOT,
  });
  expect(JSON.parse(stdout)).toMatchObject({ passed: true });

  await expect(startPlatformProcess(one, 'program')).rejects.toThrow(`the platform "${one}" is running already`);

  // A stop signal to npm alone: the platform must notice that npm is gone.
  second.child.kill('SIGKILL');
  await expect.poll(() => processesOf(two), { timeout: 20_000 }).toEqual([]);

  const before = await countRows(one);
  first.child.kill('SIGINT');
  expect(await first.exited).toBe(0);
  expect(first.output()).toContain('Stopped. The data is kept');
  expect(processesOf(one)).toEqual([]);

  const again = await startPlatformProcess(one, 'program');
  expect(await countRows(one)).toBeGreaterThanOrEqual(before);
  again.child.kill('SIGKILL');
  await expect.poll(() => processesOf(one), { timeout: 20_000 }).toEqual([]);
});
