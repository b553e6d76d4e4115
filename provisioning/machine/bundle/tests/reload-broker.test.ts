// reload-broker with a real broker: it has the broker read its files again, and leaves alone one that the signal would end.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startChild, stopChild } from '../../../../lab/child.ts';
import { postgresOfFile } from '../../../../tests/support/postgres-of-file.ts';
import { databaseOn } from '../../../database/testing/database.ts';
import { type AgentLab, PYTHON, startAgentLab } from '../testing/agent.ts';

const postgres = postgresOfFile();
let rig: AgentLab;
beforeEach(async () => {
  rig = await startAgentLab({ on: await databaseOn(postgres()) });
});
afterEach(() => rig?.stop());

it('has the broker read its files again, and drops no connection', async () => {
  const client = await rig.connect('svc-control', rig.serviceKey);
  expect(rig.reload()).toMatchObject({ status: 0, output: 'reload-broker: the broker reads its files again\n' });
  await expect.poll(rig.reloads).toBe(1);
  expect(client.connected).toBe(true);
  await client.endAsync();
});

it('has nothing to do while the broker does not run: it reads its files when it starts', async () => {
  await rig.broker.stop();
  expect(rig.reload()).toMatchObject({ status: 0, output: expect.stringContaining('does not run') });
  await rig.startBroker();
});

it('does not signal a broker that is so young that the signal would end it, but once it is up', async () => {
  // A process with the broker's name that, like it, does not handle the signal at first.
  const program = 'printf mosquitto >/proc/$$/comm; sleep 3; trap "exit 7" HUP; while :; do sleep 0.1; done';
  const young = startChild('bash', ['-c', program], { stdio: 'ignore' });
  const processes = join(rig.dir, 'processes');
  writeFileSync(processes, `${young.pid}\n`);
  await sleep(500);
  const reload = startChild(PYTHON, ['-B', join(rig.dir, 'bundle/bin/reload-broker'), '--processes', processes], {
    stdio: 'ignore',
  });
  try {
    await expect.poll(() => reload.exitCode, { timeout: 20_000 }).toBe(0);
    await expect.poll(() => young.exitCode, { timeout: 20_000 }).toBe(7);
  } finally {
    await Promise.all([stopChild(young), stopChild(reload)]);
  }
});
