// The real server: what must survive, what must be refused, and what must never be left behind.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startChild } from './child.ts';
import { type RunningPostgres, startPostgres } from './postgres.ts';
import { SERVICE_USER } from './unprivileged.ts';

let folder: string;
let running: RunningPostgres[];

beforeEach(async () => {
  running = [];
  folder = await mkdtemp(join(tmpdir(), 'mqtt-saas-postgres-test-'));
  await chmod(folder, 0o711);
});

afterEach(async () => {
  for (const postgres of running) await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(port?: number): Promise<RunningPostgres> {
  const postgres = await startPostgres({ dataDir: join(folder, 'data'), port, fsync: false, releaseMs: 1000 });
  running.push(postgres);
  return postgres;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Waits until the process is gone. */
async function untilGone(pid: number): Promise<void> {
  // A zombie has no working folder any more: it is gone, if not yet reaped.
  while (existsSync(`/proc/${pid}/cwd`)) await sleep(20);
}

describe('startPostgres', () => {
  it('lets the superuser in with its password only, on loopback only', async () => {
    const { url, port } = await start();
    expect(await query(url, 'select current_user as who')).toEqual([{ who: 'postgres' }]);
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    wrong.password = '';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password/);
    const listeners = execFileSync('ss', ['-Hltn', `sport = :${port}`], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(listeners.map((line) => line.split(/\s+/)[3])).toEqual([`127.0.0.1:${port}`]);
    expect(await query(url, 'show unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
  });

  it('keeps data and password over a restart, and leaves no process', async () => {
    const first = await start();
    await query(first.url, "create table kept (note text); insert into kept values ('still here')");
    await first.stop();
    expect(existsSync(`/proc/${first.child.pid}`)).toBe(false);
    await first.stop();
    const second = await start(first.port);
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'select note from kept')).toEqual([{ note: 'still here' }]);
  });

  it('recovers what was committed before kill -9', async () => {
    const first = await start();
    await query(first.url, "create table kept (note text); insert into kept values ('still here')");
    const gone = once(first.child, 'exit');
    process.kill(first.child.pid!, 'SIGKILL');
    await gone;
    const second = await start();
    expect(await query(second.url, 'select note from kept')).toEqual([{ note: 'still here' }]);
  });

  it('is not fooled by a stale postmaster.pid whose number another program of the same user has', async () => {
    const first = await start();
    const pidFile = join(first.dataDir, 'cluster', 'postmaster.pid');
    const lines = (await readFile(pidFile, 'utf8')).split('\n');
    await first.stop();
    const bystander = startChild('sleep', ['60'], { user: SERVICE_USER, stdio: 'ignore' });
    try {
      await writeFile(pidFile, [String(bystander.pid), ...lines.slice(1)].join('\n'));
      const second = await start();
      expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      bystander.kill('SIGKILL');
    }
  });

  it('says that the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expect(start(port)).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`);
    server.close();
  });

  it('refuses a folder that another server is using, and names it', async () => {
    const first = await start();
    await expect(start()).rejects.toThrow(`another Postgres (process ${first.child.pid}, port ${first.port})`);
    expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('reports the end of the server log when it does not start', async () => {
    const first = await start();
    await first.stop();
    await writeFile(join(first.dataDir, 'cluster', 'postgresql.conf'), 'no_such_setting = 1\n', { flag: 'a' });
    await expect(start()).rejects.toThrow(/unrecognized configuration parameter "no_such_setting"/);
  });

  it('stops when its parent is killed, even with a client connected', async () => {
    const script = `
      import { startPostgres } from ${JSON.stringify(join(import.meta.dirname, 'postgres.ts'))};
      const { child, url } = await startPostgres({ dataDir: ${JSON.stringify(join(folder, 'data'))}, fsync: false });
      console.log(child.pid, url);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    const [pid = '', url] = output.toString().trim().split(' ');
    const client = new Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    parent.kill('SIGKILL');
    await untilGone(Number(pid));
    await client.end();
  });

  it.runIf(SERVICE_USER)('puts data where its user can reach them and says so (needs root)', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const postgres = await startPostgres({ dataDir: join(closed, 'data'), fsync: false });
    running.push(postgres);
    try {
      expect(postgres.dataDir).toMatch(/^\/var\/lib\/mqtt-saas\/data-[0-9a-f]{16}$/);
      expect(await readFile(join(closed, 'data', 'data-are-elsewhere.txt'), 'utf8')).toContain(postgres.dataDir);
      expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      await postgres.stop();
      await rm(postgres.dataDir, { recursive: true, force: true });
    }
  });
});
