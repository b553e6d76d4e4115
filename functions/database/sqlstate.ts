// What to do about a database error, by its SQLSTATE (PostgreSQL documentation, Appendix A).
import pg from 'pg';

/**
 * - `transient`: try again; nothing is wrong with the messages or the setup.
 * - `operator`: someone must act (a grant, a password, a missing table); try again, slowly and loudly. Messages wait.
 * - `duplicate`: the row exists already; write the batch again, skipping duplicates.
 * - `data`: one of the messages cannot be stored; find it.
 * - `fence`: another run has acquired the lease; stop writing.
 * - `unknown`: not from the database; a fault of the program.
 */
export type ErrorKind = 'transient' | 'operator' | 'duplicate' | 'data' | 'fence' | 'unknown';

const BY_CODE: Record<string, ErrorKind> = {
  '23505': 'duplicate', // unique_violation
  MS001: 'fence', // raised by ingest.assert_fence
  '25006': 'transient', // read_only_sql_transaction: see READ_ONLY in connection.ts
  '42P05': 'transient', // duplicate_prepared_statement: a pooler mixed up its connections
  '26000': 'transient', // invalid_sql_statement_name: the same
  '55P03': 'transient', // lock_not_available: lock_timeout, such as while a partition is attached
  '55006': 'transient', // object_in_use
  P0001: 'data', // raise_exception: a trigger refused the row
};

const BY_CLASS: Record<string, ErrorKind> = {
  '08': 'transient', // connection exception
  '21': 'data', // cardinality violation
  '22': 'data', // data exception
  '23': 'data', // integrity constraint violation
  '25': 'transient', // invalid transaction state: such as idle_in_transaction_session_timeout
  '28': 'operator', // invalid authorization: a password is being rotated, or wrong
  '3D': 'operator', // invalid catalog name: no such database
  '40': 'transient', // transaction rollback: serialization failure, deadlock
  '42': 'operator', // syntax error or access rule violation: a missing grant, table or migration
  '44': 'data', // WITH CHECK OPTION violation
  '53': 'transient', // insufficient resources: disk full, too many connections
  '54': 'data', // program limit exceeded: such as JSON too deep for the server's stack
  '57': 'transient', // operator intervention: shutdown, cancel by statement_timeout
  '58': 'transient', // system error outside Postgres
  XX: 'transient', // internal error; poolers report their own problems this way
};

/** The connection was not made, or broke. The last statement may or may not have been committed. */
export class ConnectionLost extends Error {
  override name = 'ConnectionLost';
}

/** A transaction took longer than it may, or the network is silent. */
export class TimeExceeded extends ConnectionLost {
  override name = 'TimeExceeded';
}

/**
 * Whether what was to be written may be to blame: then the same is not tried again.
 * - `data`: it is; the database refuses it each time.
 * - `effort`: it may be too much for the time or the memory there is.
 * - `doubtful`: the server, or the way to it, failed meanwhile. Once is bad luck.
 */
export type Blame = 'data' | 'effort' | 'doubtful' | undefined;

const EFFORT = new Set([
  '57014', // query_canceled: statement_timeout
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '53200', // out_of_memory
]);
/** XX: an internal error; 57P02: the server crashed. */
const DOUBTFUL = /^(XX|58|57P02)/;

export function blameOf(error: unknown): Blame {
  if (error instanceof TimeExceeded) return 'effort';
  if (error instanceof ConnectionLost) return 'doubtful';
  const kind = classify(error);
  if (kind === 'data' || kind === 'duplicate') return 'data';
  const { code = '' } = error as { code?: string };
  if (EFFORT.has(code)) return 'effort';
  return DOUBTFUL.test(code) ? 'doubtful' : undefined;
}

/** Says what to do about an error from the database. */
export function classify(error: unknown): ErrorKind {
  if (error instanceof ConnectionLost) return 'transient';
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return 'unknown';
  if (isPartitionRace(error)) return 'transient';
  return BY_CODE[error.code] ?? BY_CLASS[error.code.slice(0, 2)] ?? 'operator';
}

/**
 * While a day's partition is attached, an insert that waits for the default partition finds that the row no longer belongs there.
 * Written again, it goes to the new partition. Unlike a check of a column, this error has no name.
 */
const isPartitionRace = ({ code, constraint }: pg.DatabaseError) => code === '23514' && constraint === undefined;
