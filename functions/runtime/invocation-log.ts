// A logger whose lines are tied to one invocation of a function in Application Insights.

import { createLogger, type Logger, type LogLevel } from './log.ts';

/** The used part of the invocation's context. */
export interface InvocationLog {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

/** pino's numbers: 40 is warn, 50 is error. */
const WARN = 40;
const ERROR = 50;

/** @param service names the function in each line. */
export function createInvocationLogger(
  service: string,
  { logLevel: level, logPretty: pretty }: { logLevel: LogLevel; logPretty: boolean },
  context: InvocationLog,
): Logger {
  const destination = {
    // pino fills in lastLevel where it finds this symbol (pino documentation, "pino.symbols").
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      const text = line.trimEnd();
      if (this.lastLevel >= ERROR) context.error(text);
      else if (this.lastLevel >= WARN) context.warn(text);
      else context.info(text);
    },
  };
  return createLogger(service, { level, pretty, destination });
}
