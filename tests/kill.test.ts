// Kill -9 of ingest, database and broker under load, in turn: nothing acknowledged is missing, nothing is double.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stopChild } from '../lab/child.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { addLoadDevices, type Publishers, startPublishers } from './support/publishers.ts';

const MESSAGES = 20_000;
const TIMEOUT_MS = 120_000;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ worker: true });
  lab.followRegistry();
});
afterAll(() => lab?.stop());

test(`${MESSAGES} messages through three kills`, { timeout: TIMEOUT_MS }, async () => {
  const names = ['acme', 'globex'].flatMap((tenant) => ['d1', 'd2'].map((device) => ({ tenant, device })));
  const devices = await addLoadDevices(lab.adminUrl, names);
  const publishers = await startPublishers(lab.broker, devices);
  const quarter = MESSAGES / 4;

  await whileUnderLoad(publishers, quarter, async () => {
    await stopChild(lab.worker.child, 'SIGKILL');
    await expireLease();
    lab.startWorker();
  });
  await whileUnderLoad(publishers, quarter, async () => {
    await stopChild(lab.postgres.child, 'SIGKILL');
    await lab.restartPostgres();
  });
  // The broker promises only what it has saved, so its state is saved before the kill, while ingest is draining it.
  await publishers.publish(quarter);
  await lab.broker.save();
  await lab.broker.kill();
  await lab.startBroker();
  await publishers.publish(quarter);

  expect(publishers.acknowledged.size).toBe(MESSAGES);
  await expect.poll(lab.countRows, { timeout: 60_000, interval: 500 }).toEqual({ rows: MESSAGES, distinct: MESSAGES });
  await sleep(1000); // A late redelivery would show now.
  expect(await lab.countRows()).toEqual({ rows: MESSAGES, distinct: MESSAGES });
  expect(await missing(publishers.acknowledged)).toEqual([]);
  await publishers.stop();
});

/** Publishes `count` messages and does the damage when a fifth of them is through and the others are under way. */
async function whileUnderLoad(publishers: Publishers, count: number, damage: () => Promise<void>): Promise<void> {
  const enough = publishers.acknowledged.size + count / 5;
  const load = publishers.publish(count);
  while (publishers.acknowledged.size < enough) await sleep(5);
  expect(publishers.acknowledged.size).toBeLessThan(enough + count / 2);
  await Promise.all([load, damage()]);
}

/** The killed worker's lease, as it is when its half minute is over: the next one then drains through the next kill. */
async function expireLease(): Promise<void> {
  await withConnection(lab.adminUrl, (client) =>
    client.query("update ingest.leases set expires_at = '-infinity' where holder <> ''"),
  );
}

function missing(acknowledged: ReadonlySet<string>): Promise<string[]> {
  return withConnection(lab.adminUrl, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      'select id from unnest($1::text[]) as id where not exists (select from public.telemetry where message_id = id)',
      [[...acknowledged]],
    );
    return rows.map(({ id }) => id);
  });
}
