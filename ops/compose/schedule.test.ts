// The work of a night: a task that fails is tried again by itself, and the others are done anyway.
import { expect, test } from 'vitest';
import { Schedule, type Task } from './schedule.ts';

const HOUR_MS = 3_600_000;
/** 02:15 UTC of some day. */
const DUE = Date.UTC(2026, 10, 30, 2, 15);

/** Tasks that note when they ran; the named one fails while `isBroken` says so. */
function tasks(isBroken: (name: string) => boolean) {
  const ran: string[] = [];
  const said: string[] = [];
  const done = new Map<string, number>();
  const make = (name: string): Task => ({
    name,
    isDue: (lastDue) => (done.get(name) ?? 0) < lastDue,
    run: async () => {
      ran.push(name);
      if (isBroken(name)) throw new Error(`${name} is broken`);
      done.set(name, DUE);
      return 'done';
    },
  });
  const schedule = new Schedule([make('backup'), make('archive')], (line) => said.push(line));
  return { schedule, ran, said };
}

test.each(['backup', 'archive'])('a failing %s does not stop the other one, and both are told', async (broken) => {
  let isBroken = true;
  const { schedule, ran, said } = tasks((name) => isBroken && name === broken);
  expect(await schedule.look(DUE)).toEqual([broken]);
  expect(ran).toEqual(['backup', 'archive']);
  expect(said).toContain(`${broken}: failed, tried again in an hour: ${broken} is broken`);
  expect(said).toHaveLength(2);
  // Within the hour nothing is tried; the other one is done already.
  expect(await schedule.look(DUE + HOUR_MS - 1)).toEqual([]);
  expect(ran).toHaveLength(2);
  isBroken = false;
  expect(await schedule.look(DUE + HOUR_MS)).toEqual([]);
  expect(ran.slice(2)).toEqual([broken]);
});

test('both failing are both told', async () => {
  const { schedule } = tasks(() => true);
  expect(await schedule.look(DUE)).toEqual(['backup', 'archive']);
});

test('what is not due is not done, and a night that was missed is made up for', async () => {
  const { schedule, ran } = tasks(() => false);
  await schedule.look(DUE + 5 * HOUR_MS);
  await schedule.look(DUE + 23 * HOUR_MS);
  expect(ran).toEqual(['backup', 'archive']);
});
