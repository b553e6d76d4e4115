// The control loop: brings commands and desired states to devices, and notes which are offline. The worker calls it every second and
// keeps its connection; in the Function App it runs once a minute. Only one at a time runs, by a lease of its own.
import { type Connection, openConnection } from '../broker/index.ts';
import type { Database } from '../database/connection.ts';
import { acquireLease, type Lease } from '../database/lease.ts';
import { classify } from '../database/sqlstate.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import type { ControlSettings } from '../settings/control.ts';
import { publishWork, type Work } from './publish.ts';

/** The name of its lease. `ingest.platform_figures` knows it, too. */
const LEASE = 'control';
/** Devices and bytes of one pass; one turn makes as many passes as it has time for. */
const MOST_DEVICES = 200;
const MOST_BYTES = 2 * 1024 * 1024;
/** With less time, in milliseconds, no pass begins. */
const LEAST_MS = 1_000;
/** What the broker may take to answer a pass. */
const PASS_MS = 5_000;
/** Between two attempts to connect. */
const CONNECT_AGAIN_MS = 5_000;
/** How often it notes that it works, and how many devices it notes as offline or back at a time. */
const NOTE_EVERY_MS = 10_000;
const MOST_WATCHED = 5_000;

/** A control loop. */
export interface Control {
  /** One turn, within the time that is left. Logs once when it begins to fail, and once when it works again. Never throws. */
  run(database: Database, log: Logger, leftMs: () => number): Promise<void>;
  /** Disconnects, and gives the lease back. */
  stop(): Promise<void>;
}

/** Connects when there is something to publish. */
export function createControl(settings: ControlSettings): Control {
  let lease: Lease | undefined;
  let connection: Connection | undefined;
  let connectAt = Number.NEGATIVE_INFINITY;
  let notedAt = Number.NEGATIVE_INFINITY;
  let isBroken = false;
  let number = 0;

  async function connected(leftMs: number): Promise<Connection> {
    if (connection) return connection;
    const now = performance.now();
    if (now < connectAt) throw new Error('the broker was not reached a moment ago');
    connectAt = now + CONNECT_AGAIN_MS;
    number += 1;
    const { broker, ca, username, password } = settings;
    const made = openConnection({
      broker,
      ca,
      username,
      password,
      clientId: username,
      number,
      // It publishes only.
      subscription: 'keep',
      receiveMaximum: 1,
      onDelivery: () => {},
      now: Date.now,
      patience: { connectMs: Math.min(leftMs, PASS_MS), answerMs: PASS_MS },
    });
    await made.subscribed;
    connection = made;
    void made.ended.then(() => {
      if (connection === made) connection = undefined;
    });
    return made;
  }

  async function pass(database: Database, held: Lease, leftMs: () => number): Promise<boolean> {
    const asked = performance.now();
    const { rows } = await database.transaction(held.assertion, (client) =>
      client.query<Work>('select * from ingest.control_work($1, $2)', [MOST_DEVICES, MOST_BYTES]),
    );
    if (rows.length === 0) return false;
    const done = await publishWork(rows, {
      connection: await connected(leftMs()),
      elapsed: () => (performance.now() - asked) / 1000,
      signal: AbortSignal.any([held.lost, AbortSignal.timeout(Math.max(0, Math.min(leftMs(), PASS_MS)))]),
    });
    await database.transaction(held.assertion, (client) =>
      client.query('select ingest.control_done($1)', [JSON.stringify(done)]),
    );
    if (done.some(({ outcome }) => outcome === 'unknown')) throw new Error('the broker did not confirm what was sent');
    const stuck = done.find(({ kind, outcome }) => kind === 'clear' && outcome !== 'handed');
    if (stuck) throw new Error(`a deleted device's desired state stays on the broker. ${stuck.outcome}`);
    return true;
  }

  async function turn(database: Database, leftMs: () => number): Promise<void> {
    if (lease?.lost.aborted) await letGo();
    lease ??= await acquireLease(database, LEASE);
    if (!lease) return;
    while (leftMs() > LEAST_MS && (await pass(database, lease, leftMs)));
    if (performance.now() - notedAt < NOTE_EVERY_MS) return;
    await database.query('select ingest.control_ran($1)', [MOST_WATCHED]);
    notedAt = performance.now();
  }

  async function letGo(): Promise<void> {
    const [held, open] = [lease, connection];
    lease = undefined;
    connection = undefined;
    await open?.disconnect();
    await held?.release();
  }

  return {
    run: async (database, log, leftMs) => {
      try {
        await turn(database, leftMs);
        if (isBroken) log.info({}, 'control loop works again');
        isBroken = false;
      } catch (error) {
        // Another run has taken over: it goes on.
        if (classify(error) === 'fence') return letGo();
        if (!isBroken) log.warn({ error: summarizeError(error) }, 'control loop fails, commands wait');
        isBroken = true;
      }
    },
    stop: letGo,
  };
}
