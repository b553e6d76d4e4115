// What a job logs, and how.
import * as z from 'zod';
import { LOG_LEVELS, type LogLevel } from '../runtime/log.ts';
import type { Environment } from './environment.ts';

/** Lowest level, and the format. */
export interface LogSettings {
  logLevel: LogLevel;
  /** Text for people instead of JSON. */
  logPretty: boolean;
}

/** The fields of {@link logOf}. */
export const LOG_FIELDS = {
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  LOG_PRETTY: z.enum(['true', 'false', '1', '0'], 'must be true or false').default('false'),
};

/** The settings from the fields' values. */
export function logOf({ LOG_LEVEL, LOG_PRETTY }: z.output<z.ZodObject<typeof LOG_FIELDS>>): LogSettings {
  return { logLevel: LOG_LEVEL, logPretty: LOG_PRETTY === 'true' || LOG_PRETTY === '1' };
}

/** Whether an error's stack is wanted; known even if the settings cannot be read. */
export const wantsStacks = (environment: Environment = process.env) => environment.LOG_LEVEL === 'debug';
