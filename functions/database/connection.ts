// One connection to Postgres that repairs itself, used by one transaction at a time. It suits a transaction-mode pooler: no named
// prepared statement, no session state, settings by SET LOCAL only.
import pg from 'pg';
import type { DatabaseAddress } from '../../domain/database-url.ts';
import { ConnectionLost } from './sqlstate.ts';

/** Limits, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 20_000;
const LOCK_TIMEOUT_MS = 5_000;
/** A transaction's connection is closed after this time: the network may have lost it. */
const TRANSACTION_TIMEOUT_MS = 30_000;

/** The database as ingest uses it. */
export interface Database {
  /** Runs one statement in a transaction of its own. */
  query<R extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<pg.QueryResult<R>>;
  /**
   * Runs `work` between BEGIN and COMMIT, and rolls back if it throws.
   * @param opening SQL sent with BEGIN in one round trip; without parameters.
   * @throws ConnectionLost if the connection fails; pg.DatabaseError from the server; what `work` throws.
   */
  transaction<T>(opening: string, work: (client: pg.Client) => Promise<T>): Promise<T>;
  /** Waits for the running transaction, then disconnects. */
  close(): Promise<void>;
}

/** Connects at first use, and again after a failure. */
export function openDatabase(address: DatabaseAddress): Database {
  let client: pg.Client | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** Runs one use of the connection after the other; a broken connection is discarded. */
  function exclusively<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const turn = last.then(async () => {
      client ??= await connect(address);
      const used = client;
      const watchdog = setTimeout(() => abandon(used), TRANSACTION_TIMEOUT_MS);
      try {
        return await work(used);
      } catch (error) {
        throw isOpen(used)
          ? error
          : new ConnectionLost(`the connection to the database broke: ${messageOf(error)}`, { cause: error });
      } finally {
        clearTimeout(watchdog);
        if (!isOpen(used)) client = undefined;
      }
    });
    last = turn.catch(() => {});
    return turn;
  }

  return {
    query: (text, values) => exclusively((used) => used.query(text, values)),
    transaction: (opening, work) =>
      exclusively(async (used) => {
        try {
          await used.query(`${BEGIN}; ${opening}`);
          const result = await work(used);
          const { command } = await used.query('commit');
          // COMMIT of a failed transaction does not fail: the server answers ROLLBACK.
          if (command !== 'COMMIT') throw new Error(`the database answered ${command} to COMMIT`);
          return result;
        } catch (error) {
          if (isOpen(used)) await used.query('rollback').catch(() => abandon(used));
          throw error;
        }
      }),
    close: async () => {
      await last;
      await client?.end().catch(() => {});
      client = undefined;
    },
  };
}

const BEGIN = [
  'begin',
  `set local statement_timeout = ${STATEMENT_TIMEOUT_MS}`,
  `set local lock_timeout = ${LOCK_TIMEOUT_MS}`,
  `set local idle_in_transaction_session_timeout = ${TRANSACTION_TIMEOUT_MS}`,
].join('; ');

/** Connections that have failed or ended. */
const broken = new WeakMap<pg.Client, Error>();

const isOpen = (client: pg.Client) => !broken.has(client);

async function connect(address: DatabaseAddress): Promise<pg.Client> {
  const client = new pg.Client({
    ...address,
    application_name: 'mqtt_ingest',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  // Without a listener this event would end the process; the next use of the connection reports the error.
  client.on('error', (error) => broken.set(client, error));
  client.on('end', () => broken.has(client) || broken.set(client, new Error('the database closed the connection')));
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
function abandon(client: pg.Client): void {
  broken.set(client, broken.get(client) ?? new Error('the connection was given up'));
  (client as unknown as { connection: { stream: { destroy(error?: Error): void } } }).connection.stream.destroy();
}

const messageOf = (error: unknown) =>
  (error instanceof AggregateError ? error.errors[0]?.message : (error as Error).message) || 'no message';
