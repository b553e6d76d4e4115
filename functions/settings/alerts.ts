// The settings of alert evaluation: only the database. Evaluation must work, and report, when the broker is down.
import { DATABASE_FIELDS, type DatabaseSettings, databaseOf } from './database.ts';
import { type Environment, read } from './environment.ts';
import { LOG_FIELDS, type LogSettings, logOf } from './log.ts';

/** The settings. */
export interface AlertSettings extends DatabaseSettings, LogSettings {}

/** Reads them. @throws SettingsError listing every missing or bad setting at once. */
export function readAlertSettings(environment: Environment = process.env): AlertSettings {
  const values = read({ ...DATABASE_FIELDS, ...LOG_FIELDS }, environment);
  return { ...databaseOf(values), ...logOf(values) };
}
