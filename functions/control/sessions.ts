// Ends the broker's sessions of devices that are deleted: it signs in by each name, as the gate lets the control account do when no device
// has it, starts clean and leaves.
import { setTimeout as sleep } from 'node:timers/promises';
import { openConnection } from '../broker/index.ts';
import type { Database } from '../database/connection.ts';
import type { Logger } from '../runtime/log.ts';
import { type ControlSettings, readControlSettings } from '../settings/control.ts';

/** Names that are asked for at a time. */
const MOST = 20;
/** Between two. The machine's firewall lets a source connect 20 times a second, and ingest may be the same source. */
const PAUSE_MS = 100;
/** With less time, in milliseconds, no session is begun with. */
const LEAST_MS = 3_000;
const ANSWER_MS = 2_000;

interface Gone {
  tenant_slug: string;
  device_slug: string;
}

/**
 * One turn. Two at once harm nobody. What was not ended is tried again in a minute.
 * @param readSettings asked when there is one to end. @throws what the broker refused the last one with, when it refused all.
 */
export async function endSessions(
  database: Database,
  log: Logger,
  leftMs: () => number,
  readSettings: () => ControlSettings = readControlSettings,
): Promise<void> {
  let problem: unknown;
  let sessions = 0;
  for (let more = true; more && leftMs() > LEAST_MS; ) {
    const { rows } = await database.query<Gone>('select * from ingest.sessions_to_end($1)', [MOST]);
    more = rows.length === MOST;
    for (const name of rows) {
      if (leftMs() < LEAST_MS) break;
      const ended = await endSession(readSettings(), name).then(
        () => true,
        (error) => {
          problem = error;
          return false;
        },
      );
      sessions += Number(ended);
      const { tenant_slug, device_slug } = name;
      await database.query('select ingest.session_tried($1, $2, $3)', [tenant_slug, device_slug, ended]);
      await sleep(PAUSE_MS);
    }
  }
  if (sessions > 0) log.info({ sessions }, 'sessions of deleted devices ended');
  else if (problem) throw problem;
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
