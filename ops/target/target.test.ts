// Which platform a command works on, for each way to name one.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { type Claim, claimInstance, type RunningInstance } from '../../local/instance.ts';
import { findPlace, findTarget, withTarget } from './find.ts';
import { choose } from './local.ts';
import { stackTarget } from './stack.ts';

const URL_OF_STACK =
  'postgresql://postgres.abcdefghijklmnopqrst:hunter2@aws-0-eu-north-1.pooler.supabase.com:5432/postgres';
const CA = readFileSync(join(ROOT, 'stacks/testing/database-ca.crt'), 'utf8');

const instance = {
  name: `target-${process.pid}`,
  pid: process.pid,
  brokerPid: 17,
  mqttPort: 18_883,
  ca: 'PEM',
  caFile: '/ca.crt',
  databasePort: 15_432,
  databaseUrl: 'postgres://postgres:hunter2@127.0.0.1:15432/postgres',
  dashboardUrl: 'http://127.0.0.1:18080',
  healthUrl: 'http://127.0.0.1:18090',
  publishableKey: 'key',
  brokerLog: '/broker.log',
  ingestAccountFile: '/ingest.json',
  backups: { databaseUrl: 'postgres://backup_reader:hunter2@127.0.0.1:15432/postgres', store: '/backups', key: 'key' },
  archive: {
    databaseUrl: 'postgres://archive_writer:hunter2@127.0.0.1:15432/postgres',
    store: '/archive',
    linkKey: 'key',
  },
} satisfies RunningInstance;

let claim: Claim;
let folder: string;
const path = process.env.PATH;
const said = vi.spyOn(console, 'error').mockImplementation(() => {});

beforeAll(async () => {
  claim = await claimInstance(instance.name);
  claim.announce(instance);
  folder = mkdtempSync(join(tmpdir(), 'target-'));
  const project = readFileSync(join(ROOT, 'Pulumi.yaml'), 'utf8');
  writeFileSync(join(folder, 'Pulumi.yaml'), project.replace('stacks/index.ts', join(ROOT, 'stacks/index.ts')));
  const config = readFileSync(join(ROOT, 'Pulumi.dev.yaml'), 'utf8');
  writeFileSync(join(folder, 'Pulumi.dev.yaml'), `${config}  mqtt-saas:databaseCa: ${JSON.stringify(CA)}\n`);
  const outputs = { brokerHost: 'mqtt.example.com', brokerCaCertificate: null, dashboardAddress: 'https://d.example' };
  writeFileSync(
    join(folder, 'pulumi'),
    `#!/bin/sh\necho "$*" >>"${folder}/asked"\necho '${JSON.stringify(outputs)}'\n`,
  );
  chmodSync(join(folder, 'pulumi'), 0o755);
  process.env.PATH = `${folder}${delimiter}${path}`;
});
afterEach(() => said.mockClear());
afterAll(async () => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
  await claim.removeData();
  claim.release();
});

describe('a local platform', () => {
  const running = (...names: string[]) => names.map((name) => ({ ...instance, name }));

  it('is the named one; without a name the default one, or the only one', () => {
    expect(choose(running('one', 'two'), 'two').name).toBe('two');
    expect(choose(running('default', 'two'), undefined).name).toBe('default');
    expect(choose(running('two'), undefined).name).toBe('two');
  });

  it('is not guessed: the error lists several, or says how to start one', () => {
    expect(() => choose(running('one', 'two'), undefined)).toThrow(
      '2 local platforms are running: say which, with --target local:one or --target local:two',
    );
    expect(() => choose([], undefined)).toThrow('no local platform is running: start it with npm start, or');
    expect(() => choose([], 'x')).toThrow(
      'no local platform is running as "x": start it with npm start -- --name x, or',
    );
  });

  it('gives its database, broker, log and account', () => {
    const name = `local:${instance.name}`;
    const target = findTarget(name);
    expect(target).toMatchObject({ kind: 'local', name, brokerLog: '/broker.log', ingestAccountFile: '/ingest.json' });
    expect(target.database()).toEqual({ url: instance.databaseUrl });
    expect(target.dashboard()).toBe(instance.dashboardUrl);
    expect(target.broker()).toMatchObject({ target: name, port: 18_883, ca: 'PEM', pid: 17, renewedBy: 'start' });
  });
});

describe('a stack', () => {
  const stack = (DATABASE_URL?: string) => stackTarget('dev', { DATABASE_URL }, folder);

  it('is reached through DATABASE_URL, with the CA of its configuration, and without asking Pulumi', () => {
    expect(stack(URL_OF_STACK).database()).toEqual({ url: URL_OF_STACK, ca: CA.trim() });
    expect(() => stack().database()).toThrow(
      /^DATABASE_URL is not set: .* administrator's connection string for the database of stack dev,/,
    );
    expect(existsSync(join(folder, 'asked'))).toBe(false);
  });

  it('works even if its configuration is invalid elsewhere', () => {
    const dev = readFileSync(join(folder, 'Pulumi.dev.yaml'), 'utf8');
    writeFileSync(join(folder, 'Pulumi.late.yaml'), `${dev}  mqtt-saas:vmSize: none\n`);
    const late = stackTarget('late', { DATABASE_URL: URL_OF_STACK }, folder);
    expect(() => late.config()).toThrow('vmSize');
    expect(late.database().url).toBe(URL_OF_STACK);
  });

  it('is not another environment’s database', () => {
    const other = URL_OF_STACK.replace('abcdefghijklmnopqrst', 'zyxwvutsrqponmlkjihg');
    expect(() => stack(other).database()).toThrow(
      /^DATABASE_URL is of another database \(postgres\.zyx.*run this again$/,
    );
    expect(() => stack(other).database()).not.toThrow('hunter2');
    // Another name does not get around that.
    expect(() => stackTarget('dve', { DATABASE_URL: other }, folder).database()).toThrow('There is no stack "dve"');
    for (const elsewhere of ['127.0.0.1:6000', 'db.abcdefghijklmnopqrst.supabase.co:5432']) {
      const url = `postgres://postgres:hunter2@${elsewhere}/postgres`;
      expect(stack(url).database().url).toBe(url);
    }
  });

  it('gives broker and dashboard from its outputs, asked for once', () => {
    const target = stack();
    expect(target.broker()).toEqual({
      target: 'dev',
      host: 'mqtt.example.com',
      port: 8883,
      ca: undefined,
      renewedBy: 'machine',
    });
    expect(target.dashboard()).toBe('https://d.example');
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe('stack output --json --stack dev\n');
  });
});

it.each(['compose:', 'k8s:minikube', 'LOCAL:x', 'local:', ''])('"%s" names no platform', (name) => {
  expect(() => findTarget(name)).toThrow(
    `--target "${name}": give local, local:NAME, compose:FOLDER, or the name of a stack`,
  );
});

describe('a command on a database', () => {
  const DATABASE_URL = 'postgres://u:hunter2@127.0.0.1:1/environment';
  const place = (words: string[], env = {}) => {
    const command = withTarget(new Command('x'))
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    return findPlace(command.parse(words, { from: 'user' }).opts(), env);
  };
  const local = { url: instance.databaseUrl };

  it('takes --target, and the older --local and --url with the same meaning', () => {
    const [now, before] = [
      ['--target', `local:${instance.name}`],
      ['--local', instance.name],
    ].map((words) => place(words, { DATABASE_URL }));
    expect(now?.database).toEqual(local);
    expect(now?.platform?.name).toBe(`local:${instance.name}`);
    expect(JSON.stringify(before)).toBe(JSON.stringify(now));
    expect(said.mock.calls[0]).toEqual([`local:${instance.name}: postgres@127.0.0.1:15432/postgres`]);
    expect(place(['--url', DATABASE_URL], { DATABASE_URL: 'postgres://other@127.0.0.1/x' })).toEqual({
      database: { url: DATABASE_URL },
    });
    expect(said.mock.calls.at(-1)?.[0]).toMatch(/^warning: .*password in --url; set DATABASE_URL instead/);
  });

  it('takes DATABASE_URL if nothing is named', () => {
    expect(place([], { DATABASE_URL })).toEqual({ database: { url: DATABASE_URL } });
    expect(said).not.toHaveBeenCalled();
  });

  it('accepts one of them at a time, and its help shows --target only', () => {
    for (const older of [
      ['--local', 'x'],
      ['--url', DATABASE_URL],
    ]) {
      expect(() => place(['--target', 'dev', ...older])).toThrow('cannot be used with');
    }
    const help = withTarget(new Command('x')).helpInformation();
    expect(help).toContain('--target <platform>');
    expect(help).not.toMatch(/--local|--url/);
  });
});
