import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type IngestRig, startIngestRig } from '../../tests/support/ingest-rig.ts';
import { buildFunctions, freshFunctions } from './build.ts';

const run = promisify(execFile);

let dir: string;
let bundle: string;
let rig: IngestRig;
beforeAll(async () => {
  // Outside the checkout: the package must not find anything in its node_modules.
  dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-'));
  bundle = join(await buildFunctions(join(dir, 'a')), 'main.mjs');
  rig = await startIngestRig(1);
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

test('the package is host.json, package.json, one bundle and its map, and the same bytes every time', async () => {
  const first = hashes(join(dir, 'a'));
  expect(first.map(([name]) => name)).toEqual(['host.json', 'main.mjs', 'main.mjs.map', 'package.json']);
  expect(hashes(await buildFunctions(join(dir, 'other', 'b')))).toEqual(first);
  expect(JSON.parse(readFileSync(join(dir, 'a/host.json'), 'utf8'))).toMatchObject({ version: '2.0' });
  expect(JSON.parse(readFileSync(join(dir, 'a/package.json'), 'utf8'))).toMatchObject({
    ...{ type: 'module', main: 'main.mjs' },
  });
});

// As the host's Node worker does: it hands out @azure/functions-core by intercepting require().
const HOST = `
  import Module from 'node:module';
  const registered = [];
  class Disposable {}
  const core = {
    version: '3', hostVersion: '4', Disposable,
    registerFunction: (metadata, handler) => { registered.push(metadata); return new Disposable(); },
    registerHook: () => new Disposable(), setProgrammingModel: () => {}, log: () => {},
  };
  const original = Module.prototype.require;
  Module.prototype.require = function (id) {
    return id === '@azure/functions-core' ? core : original.apply(this, arguments);
  };
  await import(process.argv[2]);
  console.log(JSON.stringify(registered));
`;

test('loaded by the host it registers mqtt_ingest on a timer of one minute, and starts nothing', async () => {
  const host = join(dir, 'host.mjs');
  writeFileSync(host, HOST);
  const { stdout } = await run(process.execPath, [host, bundle], { env: {} });
  const registered = JSON.parse(stdout) as {
    name: string;
    bindings: Record<string, { type: string; schedule: string }>;
  }[];
  expect(registered.map(({ name }) => name)).toContain('mqtt_ingest');
  const [binding] = Object.values(registered.find(({ name }) => name === 'mqtt_ingest')!.bindings);
  expect(binding).toMatchObject({ type: 'timerTrigger', schedule: '0 * * * * *' });
});

test('as a program it explains itself, and lists what is missing', async () => {
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
  await expect.poll(() => output, { timeout: 10_000 }).toContain('connected to the broker');
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

test('is built again when a source is newer than it, and only then', async () => {
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
