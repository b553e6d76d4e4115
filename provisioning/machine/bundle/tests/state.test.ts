// The broker's state is saved, copied to Blob storage and brought back, with the real broker.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generateKey, hashKey } from '../../../../domain/credentials.ts';
import { TELEMETRY_FILTER, telemetryTopic } from '../../../../domain/topics.ts';
import { type Mosquitto, startMosquitto } from '../../../../lab/mosquitto.ts';
import { freePort } from '../../../../lab/ports.ts';
import { giveToService, makeScratchDir, makeServiceDir } from '../../../../lab/unprivileged.ts';
import { type AzureStandIn, startAzure, TOKENS } from '../testing/azure-stand-in.ts';
import { programsFolder, writePrograms } from '../testing/programs.ts';

const run = promisify(execFile);
const own = (name: string) => join(programsFolder(), 'bin', name);
const keys = { device: generateKey(), ingest: generateKey() };
const registry = [
  { kind: 'device', tenant: 'acme', device: 'pump-1', passwordHash: await hashKey(keys.device) },
  { kind: 'service', username: 'svc-ingest', purpose: 'ingest', passwordHash: await hashKey(keys.ingest) },
] as const;

let dir: string;
let state: string;
let azure: AzureStandIn;
let broker: Mosquitto;
let port: number;

beforeEach(async () => {
  dir = makeScratchDir();
  state = join(dir, 'b/state');
  azure = await startAzure();
  port = await freePort();
  await start();
  // On the machine the accounts lie beside the database, and so do keys that must not be copied.
  for (const folder of ['accounts', 'letsencrypt']) makeServiceDir(join(state, folder));
  for (const file of ['accounts/registry', 'letsencrypt/key.pem']) {
    writeFileSync(join(state, file), `content of ${file}`);
    giveToService(join(state, file));
  }
  writeFileSync(join(dir, 'settings.json'), JSON.stringify({ backupUri: `${azure.url}/broker-state` }));
  mkdirSync(join(dir, 'bin'));
  writeFileSync(
    join(dir, 'bin/systemctl'),
    `#!/bin/sh\necho "$*" >>${dir}/asked\nwhile [ ! -e ${dir}/go ]; do sleep 0.02; done\nexit "$(cat ${dir}/go; rm ${dir}/go)"\n`,
  );
  chmodSync(join(dir, 'bin/systemctl'), 0o755);
});
afterEach(async () => {
  await broker.stop();
  await azure.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function start() {
  broker = await startMosquitto({ dir: join(dir, 'b'), port, registry });
  writeFileSync(join(dir, 'processes'), `${broker.pid}\n`);
}

const connect = (username: string, password: string) =>
  mqtt.connect(broker.url, {
    clientId: username,
    ...{ username, password, protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3600 } },
    ca: readFileSync(broker.certificates.caFile),
  });

/** What ingest is owed; its session exists from the first call on. */
async function drain(expected: number): Promise<string[]> {
  const received: string[] = [];
  const ingest = connect('svc-ingest', keys.ingest);
  ingest.on('message', (_, payload) => received.push(payload.toString()));
  await ingest.subscribeAsync(TELEMETRY_FILTER, { qos: 1 });
  if (expected > 0) await expect.poll(() => received.length, { timeout: 5000 }).toBeGreaterThanOrEqual(expected);
  await sleep(100);
  await ingest.endAsync();
  return received;
}

async function publish(...payloads: string[]) {
  const device = connect('acme.pump-1', keys.device);
  for (const payload of payloads) await device.publishAsync(telemetryTopic('acme', 'pump-1'), payload, { qos: 1 });
  await device.endAsync();
}

interface Outcome {
  code: number;
  output: string;
}

function python(script: string, ...args: string[]): Promise<Outcome> {
  const env = {
    ...process.env,
    METADATA_ENDPOINT: azure.url,
    ATTEMPTS: '1',
    PATH: `${join(dir, 'bin')}:${process.env.PATH}`,
  };
  return run('/usr/bin/python3', [own(script), ...args], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, output: stdout + stderr }),
  );
}

const settings = () => ['--settings', join(dir, 'settings.json'), '--state', state];
const restore = (...args: string[]) => python('restore-state.py', ...settings(), ...args);

const startSaver = () =>
  spawn('/usr/bin/python3', [
    own('save-state.py'),
    ...['--every', '0.2', '--reserve', '1e-6', '--processes', join(dir, 'processes'), '--folder', state],
    ...['--metrics', join(dir, 'broker-state.prom')],
  ]);

/** backup-state, while save-state runs. */
async function backup(): Promise<Outcome> {
  const saver = startSaver();
  try {
    return await python('backup-state.py', ...settings(), '--metrics', join(dir, 'backup.prom'), '--work', dir);
  } finally {
    const ended = once(saver, 'exit');
    saver.kill();
    await ended;
  }
}

/** Does what systemd would with the real broker, until restore-state has ended. */
async function whileActingAsSystemd(restoring: Promise<Outcome>, unfit = (): boolean => false): Promise<Outcome> {
  let ended = false;
  restoring.finally(() => {
    ended = true;
  });
  let done = 0;
  while (!ended) {
    const asked = requests();
    const request = asked[done];
    if (request === undefined) {
      await sleep(20);
      continue;
    }
    let code = 0;
    if (request.startsWith('stop') && request.includes('mosquitto')) await broker.stop();
    if (request.startsWith('start') && request.includes('mosquitto')) {
      if (unfit()) code = 1;
      else await start();
    }
    // In one step: the shell must not find it empty.
    writeFileSync(join(dir, 'go.new'), `${code}`);
    renameSync(join(dir, 'go.new'), join(dir, 'go'));
    done += 1;
  }
  return restoring;
}

function requests(): string[] {
  try {
    // Whole lines only: the file may be there before its first.
    return readFileSync(join(dir, 'asked'), 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}

const blobs = () => [...azure.blobs.keys()].filter((name) => name.startsWith('broker-state/'));

test('what was queued comes back from the copy, and the state before can be put back', async () => {
  await drain(0);
  await publish('1', '2', '3');
  const copied = await backup();
  expect(copied, copied.output).toMatchObject({ code: 0 });
  expect(blobs()).toHaveLength(1);
  expect(blobs()[0]).toMatch(/^broker-state\/state-\d{8}T\d{6}Z-[0-9a-f]{64}\.tar\.gz$/);
  writeFileSync(join(dir, 'copy.tar.gz'), azure.blobs.get(blobs()[0]!)!);
  const { stdout } = await run('tar', ['-tzf', join(dir, 'copy.tar.gz')]);
  expect(stdout).toBe('mosquitto.db\naccounts/registry\n');
  expect(readFileSync(join(dir, 'backup.prom'), 'utf8')).toMatch(/^mqtt_saas_broker_backup_timestamp_seconds \d+$/m);
  expect(readFileSync(join(dir, 'broker-state.prom'), 'utf8')).toMatch(/^mqtt_saas_broker_state_bytes \d+$/m);

  expect(await drain(3)).toEqual(['1', '2', '3']);
  await publish('4');
  writeFileSync(join(state, 'accounts/registry'), 'newer');
  const restored = await whileActingAsSystemd(restore('put', 'latest'));
  expect(restored, restored.output).toMatchObject({ code: 0 });
  expect(requests()).toEqual([
    'stop registry-sync.service mosquitto.service',
    'start mosquitto.service',
    'start registry-sync.service',
  ]);
  expect(readFileSync(join(state, 'accounts/registry'), 'utf8')).toBe('content of accounts/registry');
  expect(readFileSync(join(state, 'letsencrypt/key.pem'), 'utf8')).toBe('content of letsencrypt/key.pem');
  expect(await drain(3)).toEqual(['1', '2', '3']);

  const kept = readdirSync(state).find((name) => name.startsWith('kept-'))!;
  rmSync(join(dir, 'asked'));
  const list = await restore('list');
  expect(list.output).toMatch(new RegExp(`^${kept} +on the disk\nstate-.* MiB\n$`));
  await sleep(1000); // A kept state is named after its second.
  const undone = await whileActingAsSystemd(restore('put', kept));
  expect(undone, undone.output).toMatchObject({ code: 0 });
  expect(readFileSync(join(state, 'accounts/registry'), 'utf8')).toBe('newer');
  expect(await drain(1)).toEqual(['4']);
});

test('a throw-away broker reads what is kept, and finds what the parts’ lengths do not show', async () => {
  await drain(0);
  await publish('1');
  await backup();
  const { uid, gid } = statSync(state);
  const asOwner =
    process.getuid?.() === 0 ? ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : ['env'];
  // Where the owner reaches them.
  const program = join(writePrograms(join(dir, 'programs')), 'bin/rehearse-state.py');
  const rehearse = () => {
    const args = ['--folder', state, '--metrics', join(state, 'rehearsal.prom')];
    const [command = '', ...rest] = [...asOwner, '/usr/bin/python3', '-B', program, ...args];
    const { status, stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8' });
    return { status, output: stdout + stderr, figures: readFileSync(join(state, 'rehearsal.prom'), 'utf8') };
  };
  const good = rehearse();
  expect(good, good.output).toMatchObject({ status: 0, output: expect.stringContaining('a broker can start') });
  expect(good.figures).toMatch(/^mqtt_saas_broker_rehearsal_read_state_timestamp_seconds [1-9]/m);
  // A message without a content.
  appendFileSync(join(state, 'mosquitto.db.whole'), Buffer.from('0000000200000000', 'hex'));
  const bad = rehearse();
  expect(bad, bad.output).toMatchObject({ status: 1, output: expect.stringContaining('is of no use') });
  expect(bad.figures).toMatch(/^mqtt_saas_broker_rehearsal_failing 1$/m);
});

test('a broker that is only starting is not asked to save: the signal would end it', async () => {
  // Named like the broker, and not yet that far that it handles signals.
  const program = join(dir, 'mosquitto');
  copyFileSync('/bin/sleep', program);
  const starting = spawn(program, ['60']);
  try {
    writeFileSync(join(dir, 'processes'), `${starting.pid}\n`);
    const saver = startSaver();
    await sleep(1500);
    const [code] = [saver.exitCode, saver.kill()];
    expect([code, starting.exitCode, starting.signalCode]).toEqual([null, null, null]);
  } finally {
    starting.kill();
  }
});

test('a copy that was damaged, or is none, changes nothing', async () => {
  await backup();
  const [name = ''] = blobs();
  azure.blobs.get(name)![100]! ^= 1;
  const damaged = await restore('put', 'latest');
  expect(damaged).toMatchObject({ code: 1 });
  expect(damaged.output).toContain('does not hash to what its name says; nothing was changed');
  expect((await restore('put', '../x')).output).toContain('../x is not the name of a copy');
  expect((await restore('put', 'kept-20200101T000000Z')).output).toContain('there is no ');
  azure.blobs.clear();
  expect((await restore('put', 'latest')).output).toContain('there is no copy in');
  expect(requests()).toEqual([]);
  // save-state's own files come and go; one that was ended leaves `reserve.new`.
  const left = readdirSync(state).filter((name) => !/^mosquitto\.db\.|^reserve(\.new)?$/.test(name));
  expect(left.sort()).toEqual(['accounts', 'letsencrypt', 'mosquitto.db']);
});

test('a copy that is not stored as it was sent is no copy', async () => {
  azure.blobs.set = (name, body) => {
    body[100]! ^= 1;
    return Map.prototype.set.call(azure.blobs, name, body);
  };
  const copied = await backup();
  expect(copied, copied.output).toMatchObject({ code: 1 });
  expect(copied.output).toMatch(/state-\S+ was stored, and is of no use: .* does not hash to what its name says/);
  const figures = readFileSync(join(dir, 'backup.prom'), 'utf8');
  expect(figures).toMatch(/^mqtt_saas_broker_backup_failing\{reason="storage"\} 1$/m);
  expect(figures).not.toContain('mqtt_saas_broker_backup_timestamp_seconds');
});

test('a copy the broker does not start with is taken back', async () => {
  await drain(0);
  await backup();
  await publish('since');
  let starts = 0;
  const outcome = await whileActingAsSystemd(restore('put', 'latest'), () => starts++ === 0);
  expect(outcome.code).toBe(1);
  expect(outcome.output).toContain('the state before is in force again');
  expect(await drain(1)).toEqual(['since']);
});

test('no copy is made of a state that nobody saves, and no secret is told', async () => {
  const args = [...settings(), '--metrics', join(dir, 'backup.prom'), '--work', dir];
  const stale = await python('backup-state.py', ...args, '--patience', '0.5');
  expect(stale.code).toBe(1);
  expect(stale.output).toContain('the broker has not saved a whole state within 0.5 s; is save-state running?');
  azure.refusals = 1000;
  const refused = await restore('list');
  expect(refused.code).toBe(1);
  expect(refused.output).toContain('answered 403');
  for (const token of Object.values(TOKENS)) expect(stale.output + refused.output).not.toContain(token);
  expect(blobs()).toEqual([]);
});
