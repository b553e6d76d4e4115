// What the Function App's timer calls.
import { createLogger } from '../log.ts';
import { readSettings } from '../settings.ts';
import { hasFailed, type RunResult, runOnce } from './run.ts';

/** The part of the invocation's context that is used: lines written here are tied to the invocation in Application Insights. */
export interface InvocationLog {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

/** pino's numbers: 40 is warn, 50 is error. */
const WARN = 40;
const ERROR = 50;

/**
 * One run, logged through the invocation.
 * @throws Error when the run failed, so that the platform counts a failed invocation; the next minute tries again.
 */
export async function ingestOnTimer(env: NodeJS.ProcessEnv, context: InvocationLog): Promise<RunResult> {
  const settings = readSettings(env);
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
  const log = createLogger('mqtt_ingest', { level: settings.logLevel, pretty: settings.logPretty, destination });
  const result = await runOnce(settings, log, new AbortController().signal);
  if (hasFailed(result)) {
    throw new Error(`mqtt_ingest ended as ${result.outcome}: ${result.error?.message ?? 'see the log'}`);
  }
  return result;
}
