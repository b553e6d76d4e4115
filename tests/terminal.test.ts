// `npm start` on a terminal of 80 columns, from its first line to Ctrl-C, as a person sees it.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { readInstance } from '../local/instance.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { processesOf, removePlatform } from './support/platform-process.ts';
import { runOnTerminal, type Screen, type TerminalProgram } from './support/terminal.ts';

const name = `test-${randomBytes(3).toString('hex')}`;
const READY = `The platform is running as "${name}".`;
const STATUS = / msg\/s /;
const TIMEOUTS = { timeout: 300_000, interval: 50 };
/** The status changes once a second. */
const SOON = { timeout: 60_000, interval: 20 };

let program: TerminalProgram | undefined;

afterAll(async () => {
  // Its terminal goes with it: the platform gets SIGHUP, and stops.
  program?.child.kill('SIGKILL');
  while (processesOf(name).length > 0) await sleep(100);
  removePlatform(name);
});

const isDone = (row: string) => row.startsWith('✓ ');
const statusRows = (screen: Screen) => screen.rows().filter((row) => STATUS.test(row));

/** Many messages that could not be stored: the status has the number of each tenant's. */
function addDeadLetters(): Promise<unknown> {
  return withConnection(readInstance(name)!.databaseUrl, (client) =>
    client.query(
      `insert into public.dead_letters (tenant_id, topic, payload, reason, fingerprint)
       select id, 'a topic', 'x', 'not-json', slug || n from public.tenants, generate_series(1, 12345) as n`,
    ),
  );
}

test('each step is named as soon as the previous one has ended, and what is needed stays in sight', {
  timeout: 600_000,
}, async () => {
  const unnamed: string[][] = [];
  const clocks = new Set<string>();
  program = runOnTerminal(`npm start -- --name ${name}`, (screen) => {
    const rows = screen.rows();
    const last = rows.at(-1) ?? '';
    const clock = /^… (.+?) \d+ s$/.exec(last);
    if (clock) clocks.add(clock[1]!);
    // The dashboard is the last step.
    if (isDone(last) && !last.startsWith('✓ dashboard')) unnamed.push(rows);
  });
  const { child, screen, resize, type } = program;
  const exited = once(child, 'exit');
  await expect.poll(() => screen.rows(), TIMEOUTS).toContain(READY);
  expect(unnamed).toEqual([]);
  const rows = screen.rows();
  const done = rows.filter(isDone).map((row) => /^✓ (.+) ([\d.]+) s$/.exec(row)!);
  expect(done.map(([, step]) => step)).toEqual(
    expect.arrayContaining(['ingest bundle', 'database', 'broker', 'first readings', 'dashboard']),
  );
  expect(rows.filter((row) => row.startsWith('…'))).toEqual([]);
  // Which steps take long depends on the machine; those that do show for how long already.
  for (const [, step, seconds] of done) if (Number(seconds) > 4) expect(clocks).toContain(step);

  await expect.poll(() => statusRows(screen), SOON).toHaveLength(1);
  await addDeadLetters();
  await expect.poll(() => statusRows(screen)[0], SOON).toMatch(/dead.*…$/);
  for (const columns of [60, 45, 100, 80]) {
    // Just after an update, so that the next one knows of the new width.
    const before = statusRows(screen);
    await expect.poll(() => statusRows(screen), SOON).not.toEqual(before);
    resize(columns);
    await expect.poll(() => statusRows(screen)[0]?.length ?? 0, SOON).toBeLessThan(columns);
    expect(statusRows(screen)).toHaveLength(1);
  }
  let updates = 0;
  for (let before = statusRows(screen); updates < 3; updates += 1) {
    await expect.poll(() => statusRows(screen), SOON).not.toEqual(before);
    before = statusRows(screen);
  }
  expect(statusRows(screen)).toHaveLength(1);
  const sight = screen.visible().join('\n');
  const { dashboardUrl, mqttPort } = readInstance(name)!;
  for (const needed of [dashboardUrl, `mqtts://127.0.0.1:${mqttPort}`]) expect(sight).toContain(needed);
  // The terminal folds this line, which begins with the checkout's path.
  expect(screen.visible().join('').replaceAll(' ', '')).toContain('psqlservice=local');
  expect(sight).toMatch(/owner@demo\.example +([a-z]+-){3}[a-z]+$/m);
  expect(sight).toContain(`npm start -- --remove ${name}`);

  type('\u0003');
  await exited;
  expect(screen.rows().at(-1)).toContain('Stopped. The data is kept for the next start.');
  expect(statusRows(screen)).toEqual([]);
  expect(processesOf(name)).toEqual([]);
});
