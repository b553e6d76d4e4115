// Topics that devices keep from before the platform: whose they are, and what the session subscribes to because of them.
import { formerFilter } from '../../domain/former-topics.ts';
import { type FormerFilters, NO_FORMER } from '../broker/index.ts';
import type { Database } from '../database/connection.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { pause } from '../runtime/retry.ts';

/** The part of a database that is asked. */
type Asked = Pick<Database, 'query'>;

/** Between two looks. A change is in force on the broker as fast. */
const LOOK_EVERY_MS = 5_000;

/** The devices of former topics, by topic, with the columns of `ingest.registered_devices`. @throws database errors. */
export async function findFormer<R extends object>(
  database: Asked,
  columns: string,
  topics: readonly string[],
): Promise<Map<string, R>> {
  if (topics.length === 0) return new Map();
  const { rows } = await database.query<R & { topic: string }>(
    `select topic, ${columns} from ingest.former_topics where topic = any ($1::text[])`,
    [topics],
  );
  return new Map(rows.map((row) => [row.topic, row] as const));
}

/** A watch over the filters. */
export interface FormerWatch {
  /** As they were at the last look. */
  filters(): FormerFilters;
  /** Calls back when they have changed, until the signal is aborted. */
  follow(signal: AbortSignal, onChange: () => void): Promise<void>;
}

/**
 * Looks once, and goes on in `follow`. A failure must not stop ingest: it is logged, and the session keeps what it is
 * subscribed to.
 */
export async function watchFormer(database: Asked, log: Logger): Promise<FormerWatch> {
  let known = NO_FORMER;
  let said: string | undefined;
  const look = async () => {
    try {
      known = await readFormerFilters(database);
      said = undefined;
    } catch (error) {
      const why = summarizeError(error);
      if (said !== why.message) log.warn({ error: why }, 'former topics not read, the subscriptions stay as they are');
      said = why.message;
    }
  };
  await look();
  return {
    filters: () => known,
    follow: async (signal, onChange) => {
      while (!signal.aborted) {
        await pause(LOOK_EVERY_MS, signal);
        if (signal.aborted) return;
        const before = JSON.stringify(known);
        await look();
        if (JSON.stringify(known) !== before) onChange();
      }
    },
  };
}

/** The filters as they are now. @throws database errors. */
export async function readFormerFilters(database: Asked): Promise<FormerFilters> {
  const { rows } = await database.query<{ root: string; in_force: boolean }>(
    `select split_part(topic, '/', 1) as root, bool_or(in_force) as in_force from ingest.former_topics group by 1 order by 1`,
    [],
  );
  const filtersOf = (inForce: boolean) =>
    rows.filter(({ in_force }) => in_force === inForce).map(({ root }) => formerFilter(root));
  return { subscribe: filtersOf(true), unsubscribe: filtersOf(false) };
}
