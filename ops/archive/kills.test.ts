// `ops archive run`, killed at every step: nothing is lost, nothing is there twice, nothing is dropped unverified. And an ingest that goes on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import { archivedObjects } from './objects.ts';
import { restoreDays } from './restore.ts';
import { type ArchiveLab, startArchiveLab } from './testing/lab.ts';

let lab: ArchiveLab;
/** What a killed one leaves there goes with the test. */
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'archive-kills-'));
  lab = await startArchiveLab();
});
afterAll(async () => {
  await lab?.stop();
  await rm(scratch, { recursive: true, force: true });
});
beforeEach(() => lab.reset());

/** Ends by SIGKILL at the step of that number; a step is a statement to the database, or a use of the store, before it or after it. */
const PROGRAM = `
import pg from 'pg';
import { runArchive } from './ops/archive/archive.ts';
import { folderStore } from './ops/store.ts';
let left = Number(process.env.KILL_AT);
const step = () => { if (--left === 0) process.kill(process.pid, 'SIGKILL'); };
const between = (use) => async (...args) => { step(); const done = await use(...args); step(); return done; };
const query = pg.Client.prototype.query;
pg.Client.prototype.query = function (...args) { step(); return query.apply(this, args); };
const store = folderStore(process.env.ARCHIVE_STORE);
for (const name of ['list', 'put', 'get', 'remove']) store[name] = between(store[name]);
const { problems } = await runArchive({ url: process.env.DATABASE_URL }, store, () => {});
console.log(JSON.stringify({ problems, steps: Number(process.env.KILL_AT) - left }));
`;

async function run(killAt: number) {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', PROGRAM], {
    cwd: join(import.meta.dirname, '../..'),
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TMPDIR: scratch,
      DATABASE_URL: lab.writer.url,
      ARCHIVE_STORE: lab.folder,
      KILL_AT: String(killAt),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { out, err, code, signal };
}

/** All that waits, and what was late, in the tables that the archive takes it from. */
async function prepare(): Promise<string[]> {
  await lab.openDay(31);
  await lab.add(31, 3);
  await lab.add(50, 2, "now() - interval '31 days'");
  const before = await lab.live();
  await lab.retire();
  return before;
}

/** Every reading is exactly once in the database or, restored, in the archive. */
async function assertWhole(before: string[], where: string): Promise<void> {
  const objects = await withConnection(lab.writer, (client) => archivedObjects(client));
  await lab.admin.query('truncate ingest.retired_rows');
  await restoreDays({ url: lab.postgres.url }, lab.store, objects, 1, () => {});
  expect(await lab.live(), where).toEqual(before);
  const rows = objects.reduce((sum, object) => sum + object.rows, 0n);
  expect(rows, `${where}: rows of all objects`).toBe(BigInt(before.length));
  expect(
    (await lab.store.list()).map(({ name }) => name),
    where,
  ).toEqual(objects.map(({ name }) => name));
}

test('killed at each of its steps, it loses nothing and does nothing twice', { timeout: 600_000 }, async () => {
  const before = await prepare();
  const whole = await run(1_000_000);
  expect(whole.err).toBe('');
  const { steps, problems } = JSON.parse(whole.out) as { steps: number; problems: string[] };
  expect(problems).toEqual([]);
  await assertWhole(before, 'not killed');
  expect(steps).toBeGreaterThan(20);
  for (let at = 1; at <= steps; at++) {
    await lab.reset();
    const expected = await prepare();
    const { signal } = await run(at);
    expect(signal, `step ${at} of ${steps}`).toBe('SIGKILL');
    // What was dropped is archived: with what is left in the database it is all.
    const objects = await withConnection(lab.writer, (client) => archivedObjects(client, 'o.released'));
    const released = objects.reduce((sum, object) => sum + object.rows, 0n);
    const left = [
      ...(await lab.contents('ingest.retired_rows')),
      ...(await Promise.all((await lab.waiting()).map((name) => lab.contents(`ingest.${name}`)))).flat(),
    ];
    expect(released + BigInt(left.length), `step ${at} of ${steps}`).toBe(BigInt(expected.length));
    // The killed program's session may still hold its lock.
    await expect
      .poll(() => lab.archive().then(({ problems: found }) => found, String), { timeout: 20_000 })
      .toEqual([]);
    expect(await lab.waiting()).toEqual([]);
    await assertWhole(expected, `step ${at} of ${steps}`);
  }
});
