// The control loop: brings commands and desired states to devices. The worker calls it every second and keeps its connection; in the
// Function App it runs once a minute. Only one at a time runs, by a lease of its own.
import { type Connection, openConnection } from '../broker/index.ts';
import type { Database } from '../database/connection.ts';
import { acquireLease, type Lease } from '../database/lease.ts';
import { ConnectionLost, classify } from '../database/sqlstate.ts';
import type { Logger } from '../runtime/log.ts';
import { type ControlSettings, readControlSettings } from '../settings/control.ts';
import { publishWork, type Work } from './publish.ts';

/** The name of its lease, which the database knows, too: such a lease is not ingest's. */
const LEASE = 'control';
/** Devices and bytes of one pass; one turn makes as many passes as it has time for. */
const MOST_DEVICES = 200;
const MOST_BYTES = 2 * 1024 * 1024;
/** With less time, in milliseconds, no pass begins. */
const LEAST_MS = 1_000;
/** What the broker may take to answer: a connection, or a pass. */
const ANSWER_MS = 5_000;
/** Between two attempts to connect. */
const CONNECT_AGAIN_MS = 5_000;

/** A control loop. */
export interface Control {
  /** One turn. @throws what keeps commands from leaving; they wait. */
  run(database: Database, log: Logger, leftMs: () => number): Promise<void>;
  /** Disconnects, and gives the lease back. */
  end(): Promise<void>;
}

/** Does not connect before there is something to publish. @param readSettings asked then. */
export function createControl(readSettings: () => ControlSettings = readControlSettings): Control {
  let lease: Lease | undefined;
  let connection: Connection | undefined;
  let connectAt = Number.NEGATIVE_INFINITY;
  let number = 0;

  async function connected(): Promise<Connection> {
    if (connection) return connection;
    connectAt = performance.now() + CONNECT_AGAIN_MS;
    const { broker, ca, username, password } = readSettings();
    number += 1;
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
      patience: { connectMs: ANSWER_MS, answerMs: ANSWER_MS },
    });
    await made.subscribed;
    connection = made;
    void made.ended.then(() => {
      if (connection === made) connection = undefined;
    });
    return made;
  }

  /** @returns false when nothing was due, or nothing could be done. */
  async function pass(database: Database, held: Lease, leftMs: () => number): Promise<boolean> {
    const asked = performance.now();
    // Asking for work writes to the database: not every second while the broker is away.
    if (!connection && asked < connectAt) throw new ConnectionLost('the broker was not reached a moment ago');
    const { rows } = await database.transaction(held.assertion, (client) =>
      client.query<Work>('select * from ingest.control_work($1, $2)', [MOST_DEVICES, MOST_BYTES]),
    );
    if (rows.length === 0) return false;
    const done = await publishWork(rows, {
      connection: await connected(),
      elapsed: () => (performance.now() - asked) / 1000,
      signal: AbortSignal.any([held.lost, AbortSignal.timeout(Math.max(0, Math.min(leftMs(), ANSWER_MS)))]),
    });
    await database.transaction(held.assertion, (client) =>
      client.query('select ingest.control_done($1)', [JSON.stringify(done)]),
    );
    if (done.some(({ outcome }) => outcome === 'unknown'))
      throw new ConnectionLost('the broker did not confirm all that was sent');
    const stuck = done.find(({ kind, outcome }) => kind === 'clear' && outcome !== 'handed');
    if (stuck) throw new Error(`what was desired of a deleted device stays on the broker. ${stuck.outcome}`);
    return done.length > 0;
  }

  async function end(): Promise<void> {
    const [held, open] = [lease, connection];
    lease = undefined;
    connection = undefined;
    connectAt = Number.NEGATIVE_INFINITY;
    await open?.disconnect();
    await held?.release();
  }

  return {
    run: async (database, _log, leftMs) => {
      if (lease?.lost.aborted) await end();
      lease ??= await acquireLease(database, LEASE);
      if (!lease) return;
      try {
        while (leftMs() > LEAST_MS && (await pass(database, lease, leftMs)));
      } catch (error) {
        if (classify(error) !== 'fence') throw error;
        // Another run has taken over: it goes on.
        await end();
      }
    },
    end,
  };
}
