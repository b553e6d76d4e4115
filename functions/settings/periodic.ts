// The settings of the periodic jobs' run: only the database. A job that needs more reads it itself, so that one without its settings fails
// alone: rules are evaluated, and reported on, when the broker is down.
import { DATABASE_FIELDS, type DatabaseSettings, databaseOf } from './database.ts';
import { type Environment, read } from './environment.ts';
import { LOG_FIELDS, type LogSettings, logOf } from './log.ts';

/** The settings. */
export interface PeriodicSettings extends DatabaseSettings, LogSettings {}

/** Reads them. @throws SettingsError listing every missing or bad setting at once. */
export function readPeriodicSettings(environment: Environment = process.env): PeriodicSettings {
  const values = read({ ...DATABASE_FIELDS, ...LOG_FIELDS }, environment);
  return { ...databaseOf(values), ...logOf(values) };
}
