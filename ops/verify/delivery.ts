// Checks of the product's promise: every acknowledged message is in its tenant's table once.
import { randomUUID } from 'node:crypto';
import { telemetryTopic } from '../../domain/topics.ts';
import { type Check, eventually, fail } from './check.ts';
import { credentialsOf, type VerifyContext } from './context.ts';

/** A published reading becomes exactly one row with its own content. */
export const exactlyOneRow: Check<VerifyContext> = {
  id: 'exactly-one-row',
  title: 'A published reading becomes exactly one row',
  run: async (context) => {
    const started = Date.now();
    const id = randomUUID();
    await publish(context, payload(id));
    const rows = await rowsOnceThere(context, id);
    if (rows.length !== 1) fail(`${rows.length} rows have this message's id`);
    if (rows[0]?.payload.value !== 42) fail('the row does not hold the published payload');
    return `in the table ${Date.now() - started} ms after it was published`;
  },
};

/** The same message again, as a device sends it after a lost acknowledgement, adds no row; another message does. */
export const republishOneRow: Check<VerifyContext> = {
  id: 'republish-one-row',
  title: 'Publishing the same message again adds no row',
  run: async (context) => {
    const [id, next] = [randomUUID(), randomUUID()];
    const message = payload(id);
    await publish(context, message);
    await rowsOnceThere(context, id);
    await publish(context, message);
    await publish(context, payload(next));
    // Messages of one device are processed in order: once the later one has arrived, so has the repeat.
    await rowsOnceThere(context, next);
    const { length } = await rowsWith(context, id);
    if (length !== 1) fail(`${length} rows have this message's id`);
    return 'one row for two publishes, and the next message arrived';
  },
};

/** The timer's runs send one a minute, which the next run receives. */
const OLDEST_CANARY_S = 300;

/** Ingest's own message came through broker, queue and database lately: what is acknowledged arrives, whatever the ledger says. */
export const freshCanary: Check<VerifyContext> = {
  id: 'canary',
  title: 'What the broker acknowledges arrives: the canary is fresh',
  run: async ({ canaryAge, patienceMs }) => {
    const age = await eventually('the first canary', patienceMs, canaryAge);
    const text = `the newest canary that came was sent ${Math.round(age)} s ago`;
    if (age > OLDEST_CANARY_S) fail(`${text}: look at ingest's log (docs/ingest.md, "The canary")`);
    return text;
  },
};

const payload = (id: string) => JSON.stringify({ id, ts: new Date().toISOString(), value: 42 });

async function publish({ a, connect }: VerifyContext, message: string): Promise<void> {
  const client = await connect(credentialsOf(a));
  await client.publishAsync(telemetryTopic(a.tenant, a.device), message, { qos: 1 });
  await client.endAsync();
}

const rowsWith = async ({ a, rows }: VerifyContext, id: string) =>
  (await rows(a)).filter(({ payload: { id: own } }) => own === id);

const rowsOnceThere = (context: VerifyContext, id: string) =>
  eventually('the reading arriving in the table', context.patienceMs, async () => {
    const found = await rowsWith(context, id);
    return found.length > 0 ? found : undefined;
  });
