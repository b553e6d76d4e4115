import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunningPostgres } from '../lab/postgres.ts';
import { startScratchPostgres } from '../lab/scratch-postgres.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { addDevice } from '../provisioning/database/registry.ts';
import { runOps } from './testing/run.ts';

let postgres: RunningPostgres;
beforeAll(async () => {
  postgres = await startScratchPostgres();
  await withConnection(postgres.url, (client) =>
    addDevice(client, { tenant: 'acme', device: 'plug', createTenant: true }),
  );
});
afterAll(() => postgres.stop());

const rules = (...args: string[]) => runOps(['device', 'rules', ...args], { DATABASE_URL: postgres.url });

const said = (time: string, senml: string, clocks: string, ms: number) =>
  `time without ts  ${time}\nSenML arrays     ${senml}\nunset clocks     ${clocks}\nrepeats          within ${ms} ms\n`;

it('shows what holds, sets what is named, and leaves the rest as it is', async () => {
  expect((await rules('acme')).out).toBe(said('that of receipt', 'no', 'refused', 1000));
  expect((await rules('acme', '--time-members', 'Epoch,time', '--repairs-clock', 'yes')).out).toBe(
    said('Epoch, then time', 'no', 'the time of receipt', 1000),
  );
  expect((await rules('acme', 'plug', '--senml', 'yes', '--repairs-clock', 'no', '--repeat-ms', '0')).out).toBe(
    said('Epoch, then time', 'yes', 'refused', 0),
  );
  expect((await rules('acme', 'plug', '--repairs-clock', 'default')).out).toBe(
    said('Epoch, then time', 'yes', 'the time of receipt', 0),
  );
});

it('says what is wrong', async () => {
  expect(await rules('acme', 'none')).toMatchObject({ code: 1, err: expect.stringContaining('no device "acme.none"') });
  expect(await rules('nobody')).toMatchObject({ code: 1, err: expect.stringContaining('no tenant "nobody"') });
  for (const bad of [
    ['--repeat-ms', '60001'],
    ['--senml', 'maybe'],
    ['--time-members', 'a b'],
  ]) {
    expect(await rules('acme', ...bad)).toMatchObject({ code: 2, out: '' });
  }
});
