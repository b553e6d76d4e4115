// The settings of alert evaluation: the database alone. A broker that cannot be reached is what it reports.
import { DATABASE_FIELDS, type DatabaseSettings, databaseOf } from './database.ts';
import { type Environment, read } from './environment.ts';
import { LOG_FIELDS, type LogSettings, logOf } from './log.ts';

/** What alert evaluation needs to know. */
export interface AlertSettings extends DatabaseSettings, LogSettings {}

/** Reads them. @throws SettingsError listing every missing or bad setting at once. */
export function readAlertSettings(environment: Environment = process.env): AlertSettings {
  const values = read({ ...DATABASE_FIELDS, ...LOG_FIELDS }, environment);
  return { ...databaseOf(values), ...logOf(values) };
}
