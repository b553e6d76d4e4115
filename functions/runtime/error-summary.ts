// What a log may show of an error.
import pg from 'pg';

/** What is known of an error without its secrets or data. */
export interface ErrorSummary {
  /** SQLSTATE, Node's code (such as ECONNREFUSED), or the error's name. */
  code: string;
  message: string;
}

// Postgres quotes the offending value in messages of these classes: data exception, integrity violation.
const QUOTES_DATA = /^(22|23)/;

/**
 * Sums an error up for a log. Of a database error only the message is shown (its detail, hint and context may quote a
 * row), and not even that where the message itself quotes data.
 */
export function summarizeError(error: unknown): ErrorSummary {
  if (!(error instanceof Error)) return { code: 'unknown', message: 'something other than an error was thrown' };
  const code = (error as { code?: unknown }).code;
  if (error instanceof pg.DatabaseError) {
    const state = error.code ?? 'unknown';
    return { code: state, message: QUOTES_DATA.test(state) ? 'the database refused the data' : error.message };
  }
  // Node tries each address of a name and reports them together, with an empty message of its own.
  const nested = error instanceof AggregateError ? error.errors[0] : undefined;
  const message = error.message || (nested instanceof Error ? nested.message : 'no message');
  return { code: typeof code === 'string' ? code : error.name, message };
}
