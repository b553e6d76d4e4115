// The commands as an operator runs them: output, exit codes, and no password where it does not belong.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey } from '../domain/credentials.ts';
import type { RunningPostgres } from '../lab/postgres.ts';
import { startScratchPostgres } from '../lab/scratch-postgres.ts';
import { connect, withConnection } from '../provisioning/database/connect.ts';
import { readRegistry } from '../provisioning/database/registry.ts';

let postgres: RunningPostgres;
let folder: string;

beforeAll(async () => {
  postgres = await startScratchPostgres({ migrate: false });
  folder = await mkdtemp(join(tmpdir(), 'mqtt-saas-ops-'));
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command against the scratch database. */
async function ops(args: string[], { input = '', url = postgres.url as string | undefined } = {}) {
  const { DATABASE_URL: _, ...rest } = process.env;
  const env = url === undefined ? rest : { ...rest, DATABASE_URL: url };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { env });
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { out, err, code: code as number };
}

const registry = () => withConnection(postgres.url, readRegistry);

describe('db apply', () => {
  it('brings a bare database up to date, and says when it is', async () => {
    const first = await ops(['db', 'apply']);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(/applied 20261121090000_roles_and_schemas\.sql\n.*: \d+ migrations applied/s);
    const second = await ops(['db', 'apply']);
    expect(second).toMatchObject({ code: 0, err: '' });
    expect(second.out).toBe(`postgres@127.0.0.1:${postgres.port}/postgres is up to date\n`);
  });

  it('takes --url, and warns when it carries a password', async () => {
    const { code, err, out } = await ops(['db', 'apply', '--url', postgres.url], { url: undefined });
    expect(code).toBe(0);
    expect(err).toMatch(/^warning: .* DATABASE_URL/);
    expect(err + out).not.toContain(new URL(postgres.url).password);
  });

  it('fails in one line, with a stack trace only on request', async () => {
    const url = 'postgres://someone:hunter2hunter2@127.0.0.1:1/postgres';
    const plain = await ops(['db', 'apply'], { url });
    expect(plain).toEqual({
      code: 1,
      out: '',
      err: 'error: cannot connect to someone@127.0.0.1:1/postgres: ECONNREFUSED: nothing listens there; is the server running, and is the port right?\n',
    });
    const debug = await ops(['--debug', 'db', 'apply'], { url });
    expect(debug.err).toContain('    at ');
    expect(debug.err).not.toContain('hunter2');
  });
});

describe('db lint', () => {
  it('accepts the schema, and fails with what is wrong', async () => {
    const where = `postgres@127.0.0.1:${postgres.port}/postgres`;
    expect(await ops(['db', 'lint'])).toMatchObject({ code: 0, out: `${where}: every rule holds\n` });
    const change = (sql: string) => withConnection(postgres.url, (client) => client.query(sql));
    await change('create table public.careless (id int)');
    const broken = await ops(['db', 'lint']);
    await change('drop table public.careless');
    expect(broken).toMatchObject({ code: 1, err: `error: the schema of ${where} breaks its rules, see above\n` });
    expect(broken.out).toBe('careless: breaks the rule "row-level security is enabled and forced"\n');
  });
});

describe('db login', () => {
  it('lets a role log in with the password from standard input', async () => {
    const password = generateKey();
    const { code, out } = await ops(['db', 'login', '--role', 'broker_sync'], { input: `${password}\n` });
    expect({ code, out }).toEqual({ code: 0, out: 'broker_sync may log in\n' });
    const url = new URL(postgres.url);
    url.username = 'broker_sync';
    url.password = password;
    await (await connect(url.href)).end();
  });

  it('refuses a weak password without showing it, and an unknown role', async () => {
    const short = await ops(['db', 'login', '--role', 'broker_sync'], { input: 'hunter2\n' });
    expect(short).toMatchObject({ code: 1, err: expect.stringContaining('20 or more printable') });
    expect(short.err).not.toContain('hunter2');
    const unknown = await ops(['db', 'login', '--role', 'postgres'], { input: 'x' });
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('mqtt_ingest, broker_sync') });
  });
});

describe('device', () => {
  it('add shows the key once, with a command that publishes a reading', async () => {
    const refused = await ops(['device', 'add', 'acme', 'pump']);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('add --create-tenant') });
    const { code, out } = await ops(['device', 'add', 'acme', 'pump', '--create-tenant', '--host', 'mqtt.example.com']);
    expect(code).toBe(0);
    const key = /^ {2}([A-Za-z0-9_-]{43})$/m.exec(out)?.[1];
    expect(out).toContain(`  -u acme.pump\n  -P ${key}\n`);
    const line = out.trim().split('\n').at(-1)!;
    expect(line).toMatch(/^ {2}mosquitto_pub -q 1 -t tenants\/acme\/devices\/pump\/telemetry -m /);
    expect(line).not.toContain(key);
    expect(await registry()).toMatchObject([{ kind: 'device', tenant: 'acme', device: 'pump' }]);
  });

  it('rotate --save writes the key to a file that only its owner may read', async () => {
    const { code, out } = await ops(['device', 'rotate', 'acme', 'pump', '--save', join(folder, 'pump')]);
    expect(code).toBe(0);
    const file = join(folder, 'pump', 'mosquitto_pub');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const key = /^-P (.{43})$/m.exec(await readFile(file, 'utf8'))?.[1];
    expect(key).toBeDefined();
    expect(out).not.toContain(key);
    expect(out).toContain(`XDG_CONFIG_HOME=${join(folder, 'pump')} mosquitto_pub`);
  });

  it('disable, enable, list, delete', async () => {
    expect(await ops(['device', 'disable', 'acme', 'pump'])).toMatchObject({
      code: 0,
      out: 'device acme.pump: disabled\n',
    });
    expect(await registry()).toEqual([]);
    expect((await ops(['device', 'list', 'acme'])).out).toMatch(
      /^acme pump {2}disabled {2}last seen never +key of \d{4}-\d\d-\d\d {2}pump\n1 device\n$/,
    );
    expect(await ops(['device', 'enable', 'acme', 'pump'])).toMatchObject({ code: 0 });
    expect(await registry()).toHaveLength(1);
    expect(JSON.parse((await ops(['device', 'list', '--json'])).out)).toMatchObject([
      { device: 'pump', enabled: true },
    ]);
    expect(await ops(['device', 'delete', 'acme', 'pump'])).toMatchObject({
      code: 0,
      out: 'device acme.pump: deleted\n',
    });
    expect(await ops(['device', 'delete', 'acme', 'pump'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is no device'),
    });
  });
});

describe('the program', () => {
  it('prints its help, and exits with 2 if it does not understand a command', async () => {
    expect(await ops(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('Examples:') });
    expect(await ops(['device', 'add', '--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('--create-tenant'),
    });
    expect(await ops([])).toMatchObject({ code: 2 });
    expect(await ops(['no-such'])).toMatchObject({ code: 2, err: expect.stringContaining('unknown command') });
    expect(await ops(['device', 'add', 'acme'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('missing required argument'),
    });
  });
});
