// Logs the platform's figures, a line a minute: what Azure's alerts on the log read (stacks/tables/alerts.ts).
import type { Database } from '../database/connection.ts';
import type { Logger } from '../runtime/log.ts';
import { readFigures, secondsSinceRun } from './check.ts';

/** The line's message. The alerts look for it. */
export const FIGURES_LINE = 'platform figures';

/** One line, with the metrics' names. @throws database errors. */
export async function reportFigures(database: Database, log: Logger): Promise<void> {
  const figures = await readFigures(database);
  log.info(
    {
      ingest_last_run_age_seconds: secondsSinceRun(figures),
      database_size_bytes: figures.databaseBytes,
      devices: figures.devices,
      ...figures.parts,
    },
    FIGURES_LINE,
  );
}
