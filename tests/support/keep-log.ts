// What tests hand to ingest beside its settings: a logger whose lines they read, and a signal.
import { createLogger, type Logger } from '../../functions/runtime/log.ts';

/** A logger that keeps its lines, and as text. */
export function keepLog(level: 'debug' | 'info' = 'debug'): {
  log: Logger;
  lines: Record<string, unknown>[];
  text(): string;
} {
  const lines: Record<string, unknown>[] = [];
  let text = '';
  const destination = {
    write: (line: string) => {
      text += line;
      lines.push(JSON.parse(line));
    },
  };
  return { log: createLogger('mqtt_ingest', { level, pretty: false, destination }), lines, text: () => text };
}

/** A signal that is never aborted. */
export const never = new AbortController().signal;
