import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { buildFunctions, freshFunctions } from './build.ts';

const run = promisify(execFile);

let dir: string;
let bundle: string;
let rig: Lab;
beforeAll(async () => {
  // Outside the checkout: the package must not find anything in its node_modules.
  dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-'));
  bundle = join(await buildFunctions(join(dir, 'a')), 'main.mjs');
  rig = await startLab({ devices: 1, broker: MANY_SESSIONS });
});
afterAll(async () => {
  await rig.stop();
  rmSync(dir, { recursive: true, force: true });
});

const hashes = (folder: string) =>
  readdirSync(folder).map((name) => [
    name,
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex'),
  ]);

/** The package's promised size, in bytes of code. A cold start unpacks all of it, and loads what its first function needs. */
const MOST_BYTES = 2_300_000;
/** And of the clients of Kafka and of a cluster beside it, which their workers alone load. */
const MOST_CLIENTS_BYTES = 1_900_000;

test('the package is host.json, package.json and a bundle with its maps, always with the same bytes', async () => {
  const folder = join(dir, 'a');
  const first = hashes(folder);
  const names = first.map(([name]) => name as string);
  expect(names).toEqual(expect.arrayContaining(['host.json', 'package.json', 'main.mjs', 'main.mjs.map']));
  const code = names.filter((name) => name.endsWith('.mjs'));
  expect(names.sort()).toEqual([...code, ...code.map((name) => `${name}.map`), 'host.json', 'package.json'].sort());
  const bytesOf = (some: string[]) => some.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const clients = code.filter((name) => /^(kafka|partitions)-/.test(name));
  expect(clients).toHaveLength(2);
  expect(bytesOf(code) - bytesOf(clients)).toBeLessThan(MOST_BYTES);
  expect(bytesOf(clients)).toBeLessThan(MOST_CLIENTS_BYTES);
  expect(hashes(await buildFunctions(join(dir, 'other', 'b')))).toEqual(first);
  expect(JSON.parse(readFileSync(join(folder, 'host.json'), 'utf8'))).toMatchObject({ version: '2.0' });
  expect(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).toMatchObject({
    type: 'module',
    main: 'main.mjs',
    packageId: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

const HOST = join(import.meta.dirname, '../../tests/support/functions-host.cjs');

test('loaded by the host it registers its timers and their HTTP twin, and starts nothing', async () => {
  const { stdout, stderr } = await run(process.execPath, [HOST, join(dir, 'a')], { env: {} });
  expect(stderr).toBe('');
  const { registered, builtins } = JSON.parse(stdout) as {
    registered: { name: string; bindings: Record<string, { type: string; schedule: string }> }[];
    builtins: string[];
  };
  const bindingOf = (name: string) => Object.values(registered.find((one) => one.name === name)?.bindings ?? {})[0];
  expect(bindingOf('mqtt_ingest')).toMatchObject({ type: 'timerTrigger', schedule: '0 * * * * *' });
  expect(bindingOf('every_minute')).toMatchObject({ type: 'timerTrigger', schedule: '30 * * * * *' });
  expect(bindingOf('run_timer')).toMatchObject({ type: 'httpTrigger', methods: ['POST'], route: 'run/{name}' });
  // Azure lists bindings in the order of registration, so the list shows which package the app runs.
  const { packageId } = JSON.parse(readFileSync(join(dir, 'a/package.json'), 'utf8'));
  for (const { bindings } of registered) expect(Object.values(bindings)[0]).toMatchObject({ packageId });
  // Ingest cannot work without these. They are not loaded: so ingest is not loaded, and the host does not wait for it.
  for (const name of ['tls', 'zlib', 'worker_threads']) expect(builtins).not.toContain(name);
});

test('as a program it prints its help, and lists what is missing', async () => {
  const { stdout } = await run(process.execPath, [bundle, '--help'], { env: {} });
  expect(stdout).toContain('--mode worker');
  await expect(run(process.execPath, [bundle, '--mode', 'run'], { env: {} })).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error: 4 setting\(s\) to correct:\n {2}MQTT_BROKER_URL is missing/),
  });
  await expect(run(process.execPath, [bundle, '--mode', 'sometimes'], { env: {} })).rejects.toMatchObject({ code: 2 });
});

test('as a worker it stores readings until SIGTERM, and then ends cleanly', async () => {
  const device = rig.devices[0]!;
  const worker = spawn(process.execPath, [bundle, '--mode', 'worker'], {
    env: rig.env('bundle', { LOG_LEVEL: 'debug' }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  worker.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await expect.poll(() => output).toContain('connected to the broker');
  await device.publish(['{"n":1}', '{"n":2}']);
  await expect.poll(() => rig.rows(device)).toHaveLength(2);
  worker.kill('SIGTERM');
  expect(await once(worker, 'exit')).toEqual([0, null]);
  expect(
    output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).msg),
  ).toContain('worker stopped');
  const { rows } = await rig.admin.query("select from ingest.leases where name = 'bundle' and expires_at > now()");
  expect(rows).toHaveLength(0);
  const { stdout } = await run(process.execPath, [bundle, '--mode', 'run'], { env: rig.env('bundle') });
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'idle', received: 0 });
});

test('is built again only if a source is newer', async () => {
  const place = join(dir, 'fresh');
  await freshFunctions(place);
  const changed = () => statSync(join(place, 'main.mjs')).mtimeMs;
  const first = changed();
  await freshFunctions(place);
  expect(changed()).toBe(first);
  utimesSync(join(place, 'main.mjs'), 1, 1);
  await freshFunctions(place);
  expect(changed()).toBeGreaterThan(first);
});
