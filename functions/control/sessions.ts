// Ends the broker's sessions of devices that are deleted: it signs in by each name, as the gate lets the control account do when no device
// has it, starts clean and leaves.
import { openConnection } from '../broker/index.ts';
import type { Database } from '../database/connection.ts';
import type { Lease } from '../database/lease.ts';
import type { ControlSettings } from '../settings/control.ts';

/** Names of a round, and connections at once: each is a TLS handshake. */
const MOST = 100;
const LANES = 4;
/** With less time, in milliseconds, no session is begun with. */
const LEAST_MS = 2_000;
const ANSWER_MS = 5_000;

interface Gone {
  tenant_slug: string;
  device_slug: string;
}

/** @throws the broker's first refusal, when it ended none. What was not ended is tried again in a minute. */
export async function endSessions(
  database: Database,
  { assertion }: Pick<Lease, 'assertion'>,
  readSettings: () => ControlSettings,
  leftMs: () => number,
): Promise<void> {
  if (leftMs() < LEAST_MS) return;
  const { rows } = await database.transaction(assertion, (client) =>
    client.query<Gone>('select * from ingest.sessions_to_end($1)', [MOST]),
  );
  if (rows.length === 0) return;
  const settings = readSettings();
  const problems: unknown[] = [];
  const ended: boolean[] = rows.map(() => false);
  let next = 0;
  const lane = async () => {
    while (next < rows.length && leftMs() > LEAST_MS) {
      const at = next++;
      await endSession(settings, rows[at]!).then(
        () => {
          ended[at] = true;
        },
        (error) => problems.push(error),
      );
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const tried = rows.slice(0, next);
  await database.transaction(assertion, (client) =>
    client.query('select ingest.sessions_ended($1, $2, $3)', [
      tried.map(({ tenant_slug }) => tenant_slug),
      tried.map(({ device_slug }) => device_slug),
      ended.slice(0, next),
    ]),
  );
  if (problems.length > 0 && !ended.includes(true)) throw problems[0];
}

async function endSession(settings: ControlSettings, { tenant_slug, device_slug }: Gone): Promise<void> {
  const { broker, ca, username: control, password } = settings;
  const username = `${tenant_slug}.${device_slug}`;
  const connection = openConnection({
    broker,
    ca,
    username,
    password: `${control}:${password}`,
    clientId: username,
    endsSession: true,
    number: 1,
    subscription: 'keep',
    receiveMaximum: 1,
    onDelivery: () => {},
    now: Date.now,
    patience: { connectMs: ANSWER_MS, answerMs: ANSWER_MS },
  });
  await connection.subscribed;
  await connection.disconnect();
}
