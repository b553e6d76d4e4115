// Notes which devices are offline: silent for longer than they usually are. What that means is in the database: ingest.patience.
import type { Database } from '../database/connection.ts';

/** Devices that change in one turn; the next one goes on. */
const MOST = 5_000;

/** @throws database errors. */
export const watchDevices = (database: Database) => database.query('select ingest.watch_devices($1)', [MOST]);
