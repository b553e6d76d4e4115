// Log messages of the program and its runner.
import { stripVTControlCharacters } from 'node:util';

export type Severity = 'info' | 'warning' | 'error';

export interface LogEntry {
  severity: Severity;
  /** Without terminal colours. */
  message: string;
  /** The resource it is about, if any. */
  urn?: string;
}

/** Severities by number in pulumirpc.LogSeverity; 0, debug, is dropped because debug lines contain secrets in plain text. */
const SEVERITIES: Record<number, Severity> = { 1: 'info', 2: 'warning', 3: 'error' };

/** Undefined for a debug line. */
export function toEntry(severity: number, message: string, urn: string): LogEntry | undefined {
  const known = SEVERITIES[severity];
  if (!known) return undefined;
  return { severity: known, message: stripVTControlCharacters(message).trimEnd(), ...(urn ? { urn } : {}) };
}

/**
 * An error message for people: without the runner's preamble and the stack trace.
 * The runner prints uncaught errors through `util.inspect`.
 */
export function withoutStack(message: string): string {
  const body = message.replace(
    /^(error: )?(\[runtime\] )?Running program '.*' failed with an unhandled exception:\n\s*/,
    '',
  );
  const stack = body.search(/\n\s+at .*(:\d+:\d+|node:|<anonymous>)/);
  const text = (stack === -1 ? body : body.slice(0, stack)).trimEnd();
  // Without a stack trace `util.inspect` puts the error in brackets.
  return text
    .replace(/^\[((Error|RunError): [\s\S]*)\]$/, '$1')
    .replace(/^(Uncaught )?(Error|RunError): /, '')
    .trimEnd();
}
