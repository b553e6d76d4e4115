// JSON lines for machines (pino), or text for people. No payloads, no secrets: see error-summary.ts for errors.
import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/** The log levels, the gravest first; `silent` logs nothing. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How lines are written. */
export interface LogOptions {
  level: LogLevel;
  /** Text for people instead of JSON. */
  pretty: boolean;
  /** Where lines go. Default: standard output. */
  destination?: DestinationStream;
}

/** Members that hold a secret or a payload, at any depth: a mistake elsewhere must not publish them. */
const SECRET = ['password', 'ca', 'connectionString', 'payload', 'authorization', 'key', 'secret', 'token'];

/** A logger whose lines all say `service: name`. */
export function createLogger(service: string, { level, pretty: forPeople, destination }: LogOptions): Logger {
  const stream = forPeople
    ? pretty({ colorize: process.stdout.isTTY ?? false, ignore: 'pid,hostname', ...(destination && { destination }) })
    : (destination ?? pino.destination({ fd: 1, sync: true }));
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    stream as DestinationStream,
  );
}
