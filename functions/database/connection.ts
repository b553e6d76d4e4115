// One connection to Postgres that repairs itself, used by one transaction at a time. It suits a transaction-mode pooler: no named
// prepared statement, no session state, settings by SET LOCAL only. Each transaction has an end in time, here and on the server.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DatabaseAddress } from '../../domain/database-url.ts';
import { ConnectionLost, TimeExceeded } from './sqlstate.ts';

/** Limits, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
const TRANSACTION_TIMEOUT_MS = 20_000;
/** Shorter than a transaction's time: who waits for a lock has done nothing wrong, and is told apart by it. */
const LOCK_TIMEOUT_MS = 5_000;
const LOCK_SHARE = 0.6;
/** The server ends a transaction first; when this much later nothing has been heard of that, the network is to blame. */
const ANSWER_MS = 1_000;
/** How soon the server notices that nobody waits for a statement any more. */
const CHECK_CLIENT_MS = 1_000;
const GOODBYE_MS = 500;

/** SQLSTATE of read_only_sql_transaction. */
const READ_ONLY = '25006';
const READ_ONLY_MEANS =
  'the database is read-only: it is failing over, which ends by itself, or it is full (Supabase makes a full project read-only): ' +
  'free space or enlarge the disk, then turn read-only mode off; docs/ingest.md, "Read-only"';

/** The database as ingest uses it. */
export interface Database {
  /** Runs one statement in a transaction of its own. */
  query<R extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<pg.QueryResult<R>>;
  /**
   * Runs `work` between BEGIN and COMMIT, and rolls back if it throws.
   * @param opening SQL sent with BEGIN in one round trip; without parameters.
   * @param mostMs how long it may take. Default: 20 seconds.
   * @throws ConnectionLost if the connection fails; pg.DatabaseError from the server; what `work` throws.
   */
  transaction<T>(opening: string, work: (client: pg.Client) => Promise<T>, mostMs?: number): Promise<T>;
  /** The same database by a connection of its own, which is not made before its first use. */
  another(): Database;
  /** Waits for the running transaction, then disconnects. */
  close(): Promise<void>;
}

/**
 * Connects at first use, and again after a failure.
 * @param leftMs milliseconds left for everything together, asked before each use. Default: no bound.
 */
export function openDatabase(address: DatabaseAddress, leftMs = () => Number.POSITIVE_INFINITY): Database {
  let client: pg.Client | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** Runs one use of the connection after the other; a broken connection is discarded. */
  function exclusively<T>(mostMs: number, work: (client: pg.Client, mostMs: number) => Promise<T>): Promise<T> {
    const turn = last.then(async () => {
      const allMs = leftMs();
      if (allMs < MOMENT_MS) throw new TimeExceeded('no time is left for the database');
      client ??= await connect(address, Math.min(CONNECT_TIMEOUT_MS, allMs));
      const used = client;
      const most = Math.max(MOMENT_MS, Math.min(mostMs, leftMs() - ANSWER_SHARE_MS));
      const watchdog = setTimeout(
        () => abandon(used, new TimeExceeded(TOO_LONG)),
        Math.min(most + ANSWER_MS, leftMs()),
      );
      try {
        return await work(used, most);
      } catch (error) {
        // A session keeps the settings of its role that it began with: a new one is writable once the role is.
        if (isReadOnly(error)) {
          abandon(used);
          error.message = READ_ONLY_MEANS;
        }
        if (isOpen(used) || error instanceof pg.DatabaseError) throw error;
        const reason = broken.get(used);
        if (reason instanceof TimeExceeded) throw reason;
        throw new ConnectionLost(`the connection to the database broke: ${messageOf(error)}`, { cause: error });
      } finally {
        clearTimeout(watchdog);
        if (!isOpen(used)) client = undefined;
      }
    });
    last = turn.catch(() => {});
    return turn;
  }

  const transaction: Database['transaction'] = (opening, work, mostMs = TRANSACTION_TIMEOUT_MS) =>
    exclusively(mostMs, async (used, most) => {
      try {
        await used.query(`${begin(most)}; ${opening}`);
        const result = await work(used);
        const { command } = await used.query('commit');
        // COMMIT of a failed transaction does not fail: the server answers ROLLBACK.
        if (command !== 'COMMIT') throw new Error(`the database answered ${command} to COMMIT`);
        return result;
      } catch (error) {
        if (isOpen(used)) await used.query('rollback').catch(() => abandon(used));
        throw error;
      }
    });

  return {
    query: (text, values) => transaction('', (used) => used.query(text, values)),
    transaction,
    another: () => openDatabase(address, leftMs),
    close: async () => {
      await last;
      if (client === undefined) return;
      const closing = client;
      client = undefined;
      await Promise.race([closing.end().catch(() => {}), sleep(GOODBYE_MS)]);
      abandon(closing);
    },
  };
}

const TOO_LONG = 'the transaction took too long: the database is slow, or the network to it silent';
/** Too short for a transaction. */
const MOMENT_MS = 50;
/** Of what is left, for the server's answer that time is up. */
const ANSWER_SHARE_MS = 300;

const isReadOnly = (error: unknown): error is pg.DatabaseError =>
  error instanceof pg.DatabaseError && error.code === READ_ONLY;

/** Also in a transaction-mode pooler these hold for this transaction only. Postgres 17 bounds it as a whole, former ones each part. */
function begin(most: number): string {
  const ms = Math.ceil(most);
  return [
    'begin',
    `set local statement_timeout = ${ms}`,
    `set local lock_timeout = ${Math.ceil(Math.min(LOCK_TIMEOUT_MS, ms * LOCK_SHARE))}`,
    `set local idle_in_transaction_session_timeout = ${ms + ANSWER_MS}`,
    `set local client_connection_check_interval = ${CHECK_CLIENT_MS}`,
    `select set_config('transaction_timeout', '${ms + ANSWER_SHARE_MS}', true) where current_setting('transaction_timeout', true) is not null`,
  ].join('; ');
}

/** Connections that have failed or ended. */
const broken = new WeakMap<pg.Client, Error>();

const isOpen = (client: pg.Client) => !broken.has(client);

async function connect(address: DatabaseAddress, mostMs: number): Promise<pg.Client> {
  const client = new pg.Client({
    ...address,
    application_name: 'mqtt_ingest',
    connectionTimeoutMillis: Math.ceil(mostMs),
    keepAlive: true,
  });
  // Without a listener this event would end the process; the next use of the connection reports the error.
  const breaks = (error: Error) => broken.has(client) || broken.set(client, error);
  client.on('error', breaks);
  client.on('end', () => breaks(new Error('the database closed the connection')));
  try {
    await client.connect();
  } catch (cause) {
    abandon(client);
    if (cause instanceof pg.DatabaseError) throw cause;
    throw new ConnectionLost(`cannot connect to the database: ${messageOf(cause)}`, { cause });
  }
  return client;
}

/** Closes the connection without waiting for the server. */
function abandon(client: pg.Client, reason = new Error('the connection was given up')): void {
  if (isOpen(client)) broken.set(client, reason);
  (client as unknown as { connection: { stream: { destroy(error?: Error): void } } }).connection.stream.destroy();
}

const messageOf = (error: unknown) =>
  (error instanceof AggregateError ? error.errors[0]?.message : (error as Error).message) || 'no message';
