// The way back from an adoption's first phase, as its report says it: what was there before the stack is still there.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { recording } from '../../ops/adopt/testing/recordings.ts';
import { Adopted } from './adopted.ts';

let adopted: Adopted;
beforeAll(async () => {
  adopted = await Adopted.open({ recording: recording('the base') });
});
afterAll(() => adopted?.close());

it('pulumi destroy in phase 0 deletes what the stack made, and nothing that was imported', async () => {
  const { stack, report } = adopted;
  const there = () => stack.cloud.all().map(({ id }) => id.toLowerCase());
  const before = there();
  const up = await adopted.go(0);
  expect(up.status, up.output).toBe(0);
  expect(there().length).toBeGreaterThan(before.length + 20);
  const [, unprotect = '', destroy = ''] =
    /^Back: `pulumi (state unprotect [^`]*)`, `pulumi (destroy [^`]*)`/m.exec(report) ?? [];
  for (const command of [unprotect, destroy]) {
    const said = await stack.pulumi(...command.split(' '), '--yes');
    expect(said.status, said.output).toBe(0);
  }
  expect(there().sort()).toEqual(before.sort());
  expect(adopted.changed()).toEqual([]);
});
