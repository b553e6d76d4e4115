// Devices as they come: each message of the corpus goes through the real broker, ingest and Postgres, and is stored as its maker
// meant it, or refused with a letter that says why.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runWorker } from '../../functions/worker/worker.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { keepLog } from '../support/keep-log.ts';
import { createStamper, withoutStamps } from '../support/stamps.ts';
import { CORPUS, type CorpusCase } from './corpus.ts';

const stamper = createStamper();
let rig: Lab;

async function publish(
  { field, payload, protocol = 4, qos = 1, retain = false, contentType }: CorpusCase,
  index: number,
) {
  const device = rig.devices[index]!;
  const topic = field === undefined ? device.topic : `${device.topic}/${field}`;
  const isOld = protocol === 3 ? { protocolId: 'MQIsdp' as const } : {};
  const client = await device.connect({ protocolVersion: protocol, ...isOld });
  // Only MQTT 5 has properties, so a message of MQTT 3 has no stamp here. The gate stamps those, too.
  const properties = protocol === 5 && {
    ...stamper.properties(topic),
    ...(contentType !== undefined && { contentType }),
  };
  await client.publishAsync(topic, payload, { qos, retain, ...(properties && { properties }) });
  await client.endAsync();
}

const setRules = async ({ rules = {} }: CorpusCase, index: number) =>
  rig.admin.query(
    `insert into public.reading_rules (tenant_id, device_id, time_members, senml, repairs_clock)
     select tenant_id, id, $2, $3, $4 from public.devices where id = $1`,
    [rig.devices[index]!.id, rules.timeMembers ?? null, rules.isSenml ?? null, rules.repairsClock ?? null],
  );

let begun: number;
beforeAll(async () => {
  rig = await startLab({ devices: CORPUS.length, broker: { configure: withoutStamps } });
  for (const [index, one] of CORPUS.entries()) await setRules(one, index);
  const { log, lines } = keepLog();
  const stopping = new AbortController();
  // It runs before they are published: where no stamp comes, their time is that at which ingest receives them.
  const working = runWorker(rig.settings('corpus', { MQTT_GATE_KEY: stamper.key }), log, stopping.signal);
  await vi.waitFor(() => expect(lines.map(({ msg }) => msg)).toContain('connected to the broker'), WAIT);
  begun = Date.now();
  for (const [index, one] of CORPUS.entries()) await publish(one, index);
  await vi.waitFor(async () => expect((await account()).received).toBe(ROWS + LETTERS), WAIT);
  stopping.abort();
  await working;
}, 120_000);
afterAll(() => rig.stop());

const WAIT = { timeout: 30_000, interval: 100 };
const ROWS = CORPUS.reduce((sum, { stored = [] }) => sum + stored.length, 0);
const LETTERS = CORPUS.filter(({ letter }) => letter !== undefined).length;

async function account() {
  const { rows } = await rig.admin.query(
    'select sum(received)::int as received, sum(stored)::int as stored, sum(rejected)::int as rejected from public.ingest_ledger',
  );
  return rows[0];
}

test('every message has been received, and the account adds up', async () => {
  expect(await account()).toEqual({ received: ROWS + LETTERS, stored: ROWS, rejected: LETTERS });
  expect((await rig.admin.query('select from public.ingest_residuals')).rowCount).toBe(0);
});

const named = CORPUS.map((one, index) => ({ ...one, index }));
describe.each([...Map.groupBy(named, ({ maker }) => maker)])('%s', (_, cases) => {
  test.each(cases)('$what', async ({ index, stored = [], letter }) => {
    const device = rig.devices[index]!;
    const rows = await rig.rows(device);
    expect(rows.map(({ payload }) => payload)).toEqual(stored.map(({ payload }) => payload));
    for (const [n, { ts }] of stored.entries()) {
      const time = rows[n]!.ts.getTime();
      if (ts !== undefined) expect(time).toBe(ts);
      else expect(time).toBeGreaterThanOrEqual(begun - 1000);
    }
    const { rows: letters } = await rig.admin.query(
      'select reason, detail from public.dead_letters where device_id = $1',
      [device.id],
    );
    expect(letters).toEqual(letter ? [{ reason: letter.reason, detail: expect.stringContaining(letter.detail) }] : []);
  });
});
