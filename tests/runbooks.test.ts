// Each runbook, followed word by word: a running local platform is really broken, and every command that the page shows in a `console`
// block is run in its order and must print what the page says. Numbers, names and lengths of time may differ. Two pages are followed on a
// healthy platform: the bill and the rotation of a key. What needs an account (SSH, az, pulumi, Supabase) stands in `sh` blocks; of
// those only the ops commands are tried, by their help.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { telemetryTopic } from '../domain/topics.ts';
import { issue } from '../lab/authority.ts';
import { type RunningInstance, readInstance } from '../local/instance.ts';
import { connect } from '../provisioning/database/connect.ts';
import { addDevice } from '../provisioning/database/registry.ts';
import { type PlatformProcess, processesOf, removePlatform, startPlatformProcess } from './support/platform-process.ts';

const FOLDER = join(ROOT, 'docs/runbooks');
const name = `runbooks-${randomBytes(3).toString('hex')}`;
let platform: PlatformProcess;
let instance: RunningInstance;

beforeAll(async () => {
  platform = await startPlatformProcess(name, 'program', ['--interval', '500']);
  instance = readInstance(name)!;
}, 400_000);
afterAll(async () => {
  platform?.child.kill('SIGINT');
  await platform?.exited;
  for (const pid of processesOf(name)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
  removePlatform(name);
});

/** A command of a page, and the lines that the page says it prints. */
interface Step {
  section: string;
  command: string;
  prints: string[];
}

function stepsOf(page: string): Step[] {
  const steps: Step[] = [];
  for (const part of readFileSync(join(FOLDER, page), 'utf8').split(/^## /m)) {
    const section = part.slice(0, part.indexOf('\n'));
    for (const [, block = ''] of part.matchAll(/```console\n([\s\S]*?)```/g)) {
      for (const line of block.trimEnd().split('\n')) {
        if (line.startsWith('$ ')) steps.push({ section, command: line.slice(2), prints: [] });
        else steps.at(-1)!.prints.push(line);
      }
    }
  }
  return steps;
}

/** Runs a command as the page has it, with the platform's name in place of the stack's. */
async function type(command: string): Promise<string> {
  const typed = command.replace(/--target (prod|local)\b/, `--target local:${name}`);
  // What a stack costs is read from its plan.
  if (!typed.includes('-- cost --stack prod')) expect(typed, command).toContain(`local:${name}`);
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', typed], { cwd: ROOT }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  return `${stdout}\n${stderr}`;
}

/** Without what differs from platform to platform and from hour to hour. */
const essence = (text: string) =>
  text
    .replaceAll(/\b(mqtt\.example\.com|127\.0\.0\.1):\d+/g, 'BROKER')
    .replaceAll(/\b\d[\d,.:TZ-]*/g, '#')
    .replaceAll(/# (B|kB|MB|GB|ms|seconds|minutes|hours|days)\b/g, '# UNIT')
    // A platform that was there yesterday grows by something.
    .replaceAll(/full in # UNIT|not full for years/g, 'room')
    .replaceAll(/-{3,}|…|, LONG\b/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** Commands that only look may be repeated: what they show comes and goes, such as a statement that waits. */
const LOOKS = /-- (daily|backup list|certificate status|db (activity|size)|tenant top)\b/;

/** @param words what this platform calls something in the page. */
const follow = (step: Step, words: Record<string, string>): Promise<void> =>
  LOOKS.test(step.command)
    ? vi.waitFor(() => once(step, words), { timeout: 60_000, interval: 1_000 })
    : once(step, words);

async function once({ command, prints }: Step, words: Record<string, string>): Promise<void> {
  const inOwn = (text: string) =>
    Object.entries(words).reduce((all, [theirs, ours]) => all.replaceAll(theirs, ours), text);
  const printed = essence(await type(inOwn(command)));
  let rest = printed;
  for (const line of prints.map((each) => essence(inOwn(each)))) {
    const at = rest.indexOf(line);
    expect(at, `${command}\nprints no "${line}" in its place, but\n${printed}`).toBeGreaterThanOrEqual(0);
    rest = rest.slice(at + line.length);
  }
}

const admin = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
  const client = await connect(instance.databaseUrl);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
};

const commandLine = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
const workerPid = () => processesOf(name).find((pid) => /dist\/functions\/main\.mjs.*worker/s.test(commandLine(pid)))!;
/** The instance's file names the broker that was running when the platform started; another may have taken its place. */
const brokerPid = () => processesOf(name).find((pid) => /mosquitto\0-c\0/.test(commandLine(pid)))!;

/** How a page's platform is broken. Returns what this platform calls things, what to do before a section, and how it is repaired. */
interface Breakage {
  words?: Record<string, string>;
  before?: Record<string, () => Promise<void> | void>;
}

const BREAKAGES: Record<string, () => Promise<Breakage>> = {
  'broker-down.md': async () => {
    const pid = brokerPid();
    process.kill(pid, 'SIGSTOP');
    return { before: { Over: () => void process.kill(pid, 'SIGCONT') } };
  },

  'database-timeout.md': async () => {
    const holder = await connect(instance.databaseUrl);
    await holder.query("set application_name = 'psql'");
    await holder.query('begin');
    const { rows } = await holder.query('select pg_backend_pid()::text as pid');
    await holder.query('lock table public.ingest_ledger in access exclusive mode');
    return {
      words: { 4711: rows[0].pid },
      before: { Over: () => void holder.end().catch(() => {}) },
    };
  },

  'timers-dead.md': async () => {
    const pid = workerPid();
    const stop = () => {
      process.kill(pid, 'SIGSTOP');
      // Twelve minutes later. The table's own trigger notes the time of each change.
      return admin((client) =>
        client.query(`
          set lock_timeout = '2s'; begin; alter table ingest.leases disable trigger user;
          update ingest.leases set seen_at = now() - interval '12 minutes'; alter table ingest.leases enable trigger user; commit`),
      ).catch((error) => {
        // Stopped within a transaction, it holds the lease's row: it finishes, and is stopped again.
        process.kill(pid, 'SIGCONT');
        throw error;
      });
    };
    await vi.waitFor(stop, { timeout: 60_000, interval: 500 });
    return { before: { Over: () => void process.kill(pid, 'SIGCONT') } };
  },

  'data-growth.md': async () => {
    const rows = await admin(async (client) => {
      await client.query(`
        insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
        select d.tenant_id, d.id, now() - n * interval '1 second', 'grown ' || n, jsonb_build_object('t', n)
        from public.devices as d, generate_series(1, 20000) as n where d.slug = 'boiler-1'`);
      await client.query('analyze public.telemetry');
      return (await client.query('select ceil(pg_database_size(current_database()) / 1e6)::text as mb')).rows;
    });
    return { words: { '--database-mb 12': `--database-mb ${rows[0].mb}` } };
  },

  'tenant-abuse.md': async () => {
    const { key, username } = await admin((client) => addDevice(client, { tenant: 'acme', device: 'wild' }));
    const options = {
      username,
      password: key,
      clientId: username,
      protocolVersion: 5,
      ca: instance.ca,
      reconnectPeriod: 0,
    } as const;
    const open = () => mqtt.connectAsync(`mqtts://127.0.0.1:${instance.mqttPort}`, options);
    // It is in force on the broker within a second.
    const client = await vi.waitFor(open, 10_000);
    const send = (payload: string) => client.publishAsync(telemetryTopic('acme', 'wild'), payload, { qos: 1 });
    for (let n = 0; n < 600; n += 1) await send(`{"n":${n}}`);
    for (const letter of ['not json', 'nor this']) await send(letter);
    await expect
      .poll(() =>
        admin(
          async (db) =>
            (await db.query("select count(*)::int as n from public.dead_letters where reason = 'not-json'")).rows[0].n,
        ),
      )
      .toBeGreaterThanOrEqual(2);
    const cutOff = new Promise((resolve) => client.once('close', () => resolve(undefined)));
    return {
      words: { 'boiler-1': 'wild' },
      before: {
        'Dead letters': async () => {
          // The page says that a disabled device is disconnected, and it may not come back.
          await cutOff;
          await expect(open()).rejects.toThrow();
        },
      },
    };
  },

  'certificates.md': async () => {
    const dir = dirname(instance.caFile);
    const files = ['server.pem', 'server.key'].map((file) => [join(dir, file), readFileSync(join(dir, file))] as const);
    const authority = { certificate: instance.ca, key: readFileSync(join(dir, 'ca.key'), 'utf8') };
    const old = await issue(authority, ['localhost'], ['127.0.0.1'], { from: -80, to: 10 });
    const serve = (...contents: (string | Buffer)[]) => {
      for (const [index, [file]] of files.entries()) writeFileSync(file, contents[index]!);
      process.kill(brokerPid(), 'SIGHUP');
    };
    serve(old.certificate, old.key);
    return {
      words: {
        'The machine should': 'A start should',
        'npm run ops -- certificate renew --target prod': 'restart it: npm start',
      },
      before: { Over: () => serve(...files.map(([, content]) => content)) },
    };
  },

  'control-loop.md': async () => {
    const loop = 'execute on function ingest.control_work(int, int)';
    await admin((client) =>
      client.query(`
        revoke ${loop} from mqtt_ingest;
        update ingest.job_runs set succeeded_at = now() - interval '5 minutes' where name = 'control'`),
    );
    return { before: { Over: () => void admin((client) => client.query(`grant ${loop} to mqtt_ingest`)) } };
  },

  'cost-spike.md': async () => ({}),
  'credential-rotation.md': async () => ({}),
  'restore.md': async () => {
    const rows = () =>
      admin(
        async (client) =>
          (await client.query("select count(*)::int as n from public.telemetry where ts < now() - interval '1 minute'"))
            .rows[0].n as number,
      );
    // A platform that has just started has none that old.
    await expect.poll(rows, { timeout: 120_000, interval: 1_000 }).toBeGreaterThan(0);
    const before = await rows();
    expect(await type('npm run ops -- backup run --target prod')).toContain('read back whole');
    await admin((client) => client.query('delete from public.telemetry'));
    return {
      words: { '--confirm prod': `--confirm local:${name}`, 'prod is as': `local:${name} is as` },
      before: { Over: async () => expect(await rows()).toBeGreaterThanOrEqual(before) },
    };
  },
};

const pages = readdirSync(FOLDER)
  .filter((page) => stepsOf(page).length > 0)
  .sort();

it('has a breakage for each page with commands that run here, and no other', () => {
  expect(Object.keys(BREAKAGES).sort()).toEqual(pages);
});

describe.each(pages)('%s', (page) => {
  it('prints what it says, until all is well again', {
    timeout: 300_000,
  }, async () => {
    const { words = {}, before = {} } = await BREAKAGES[page]!();
    const waiting = { ...before };
    try {
      for (const step of stepsOf(page)) {
        await waiting[step.section]?.();
        delete waiting[step.section];
        if (!step.prints.includes('Nothing needs a person.')) await follow(step, words);
        // Readings that waited come first.
        else
          await expect.poll(() => type(step.command), { timeout: 120_000, interval: 2_000 }).toContain(step.prints[0]);
      }
    } finally {
      await waiting.Over?.();
    }
  });
});

describe('commands that need an account', () => {
  const told = readdirSync(FOLDER).flatMap((page) => {
    const text = readFileSync(join(FOLDER, page), 'utf8');
    return [...text.matchAll(/npm run ops -- ([^\n`|#]+)/g)].map(([, words = '']) => ({ page, words: words.trim() }));
  });

  it('are understood: each has the options that its page gives it', { timeout: 300_000 }, async () => {
    const shapes = new Map(told.map(({ page, words }) => [shapeOf(words), page]));
    expect(shapes.size).toBeGreaterThan(15);
    for (const [shape, page] of shapes) {
      const [command = '', ...options] = shape.split(' --');
      const { stdout } = await promisify(execFile)('node', ['ops/main.ts', ...command.split(' '), '--help'], {
        cwd: ROOT,
      });
      for (const option of options) expect(stdout, `${page}: ${shape}`).toContain(`--${option}`);
    }
  });

  /** The command and its subcommand, and the names of its options. */
  const shapeOf = (words: string) => {
    const [plain = ''] = words.split(' --');
    const [first = '', second = ''] = plain.split(' ');
    const hasOwn = [
      'archive',
      'backup',
      'certificate',
      'db',
      'dead-letters',
      'device',
      'maintenance',
      'person',
      'rotate',
      'tenant',
    ].includes(first);
    const options = [...words.matchAll(/ (--[a-z-]+)/g)].map(([, option]) => option);
    return [hasOwn ? `${first} ${second}` : first, ...options].join(' ');
  };
});
