// What a log may show of an error.
import pg from 'pg';

/** The facts about an error, without secrets or data. */
export interface ErrorSummary {
  /** SQLSTATE, Node's code (such as ECONNREFUSED), or the error's name. */
  code: string;
  message: string;
}

// In messages of these classes Postgres quotes the offending value: data exception, integrity violation.
const QUOTES_DATA = /^(22|23)/;

/**
 * Summarises an error for a log. Of a database error it shows only the message (detail, hint and context may quote a row), and not even
 * that if the message itself quotes data.
 */
export function summarizeError(error: unknown): ErrorSummary {
  if (!(error instanceof Error)) return { code: 'unknown', message: 'something other than an error was thrown' };
  const code = (error as { code?: unknown }).code;
  if (error instanceof pg.DatabaseError) {
    const state = error.code ?? 'unknown';
    return { code: state, message: QUOTES_DATA.test(state) ? 'the database refused the data' : error.message };
  }
  // Node tries each address of a name and reports all failures together, with an empty message.
  const nested = error instanceof AggregateError ? error.errors[0] : undefined;
  const message = error.message || (nested instanceof Error ? nested.message : 'no message');
  return { code: typeof code === 'string' ? code : error.name, message };
}
