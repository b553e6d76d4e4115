// Polls the database until it is stopped: over one connection, and over a new one after the database was away.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { connect } from '../provisioning/database/connect.ts';

/** What to poll, and what to report. */
export interface PollOptions {
  databaseUrl: string;
  /** Pause between two polls. Default: a second. */
  everyMs?: number;
  /** One poll; after a failure, the next one uses a new connection. */
  poll: (database: Client) => void | Promise<void>;
  /** Called once when polling fails, with `broken` and the reason, and once with `recovered` when it works again. */
  onTrouble: (message: string) => void;
  broken: string;
  recovered: string;
}

/** Starts polling. `stop` resolves when the poll under way has ended. */
export function pollDatabase({ databaseUrl, everyMs = 1000, poll, onTrouble, broken, recovered }: PollOptions): {
  stop(): Promise<void>;
} {
  const stopping = new AbortController();
  const { signal } = stopping;
  const pause = () => sleep(everyMs, undefined, { signal }).catch(() => {});
  let away = false;

  const pollOneConnection = async () => {
    const database = await connect(databaseUrl);
    try {
      while (!signal.aborted) {
        await poll(database);
        if (away) onTrouble(recovered);
        away = false;
        await pause();
      }
    } finally {
      await database.end().catch(() => {});
    }
  };
  const running = (async () => {
    while (!signal.aborted) {
      await pollOneConnection().catch((error: Error) => {
        if (!away) onTrouble(`${broken}: ${error.message}`);
        away = true;
      });
      await pause();
    }
  })();
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}
