// `npm start` and `npm run verify` as the README tells them: from start to stop, twice, side by side, and killed.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { freePort } from '../lab/ports.ts';
import { dataRoot } from '../lab/unprivileged.ts';
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

test('readings arrive, verify passes, a second runs beside it, Ctrl-C ends it, its data is kept, then deleted', {
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

  const { pid, dashboardUrl, healthUrl } = readInstance(one)!;
  expect(await (await fetch(`${healthUrl}/api/health`)).json()).toMatchObject({ status: 'ok' });
  expect(await (await fetch(`${healthUrl}/api/metrics`)).text()).toMatch(
    /^mqtt_saas_readings_total\{outcome="stored"\} [1-9]/m,
  );
  const refused = await runToItsEnd('--name', one);
  expect(refused).toMatchObject({ code: 1 });
  for (const words of [`the platform "${one}" is running already, at ${dashboardUrl}`, `kill ${pid}`, '--name']) {
    expect(refused.stderr).toContain(words);
  }

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
  expect(await signInByServiceFile(one)).toBe('postgres');
  again.child.kill('SIGKILL');
  await expect.poll(() => processesOf(one), { timeout: 20_000 }).toEqual([]);

  const port = await freePort();
  const fresh = await startPlatformProcess(one, 'program', ['--fresh', '--dashboard-port', String(port)]);
  expect(await countRows(one)).toBeLessThan(before);
  expect(readInstance(one)!.dashboardUrl).toBe(`http://127.0.0.1:${port}`);
  expect((await runToItsEnd('--remove', one)).stderr).toContain(`the platform "${one}" is running already`);
  fresh.child.kill('SIGINT');
  expect(await fresh.exited).toBe(0);

  expect(await runToItsEnd('--remove', one)).toMatchObject({ code: 0 });
  expect(existsSync(join(dataRoot(), one))).toBe(false);
  const gone = await runToItsEnd('--remove', one);
  expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining(`there is no platform "${one}"`) });
});

/** `npm start -- ...` where it does not get to run a platform. */
function runToItsEnd(...args: string[]): Promise<{ code: number; stderr: string }> {
  const words = ['bootstrap/run.mjs', '--packages', 'platform', '--needs', 'mosquitto', 'local/main.ts', ...args];
  return run(process.execPath, words, { cwd: ROOT }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }) => ({ code, stderr }),
  );
}

/** As psql does, which is libpq too: who one is with the file that the ready screen names. */
async function signInByServiceFile(name: string): Promise<string> {
  const program =
    "import psycopg2; c = psycopg2.connect('service=local').cursor(); c.execute('select user'); print(c.fetchone()[0])";
  const env = { ...process.env, PGSERVICEFILE: join(dataRoot(), name, 'psql.conf') };
  return (await run('/usr/bin/python3', ['-c', program], { env })).stdout.trim();
}
