// Polls the database every second while the platform runs: over one connection, and over a new one after the database was away.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { connect } from '../provisioning/database/connect.ts';

const EVERY_MS = 1000;

/** What to poll, and what to report. */
export interface LookOptions {
  databaseUrl: string;
  /** One poll; after a failure, the next one uses a new connection. */
  look: (database: Client) => void | Promise<void>;
  /** Called once when polling fails, with `broken` and the reason, and once with `mended` when it works again. */
  onTrouble: (message: string) => void;
  broken: string;
  mended: string;
}

/** Starts polling. `stop` resolves when the poll under way has ended. */
export function lookEachSecond({ databaseUrl, look, onTrouble, broken, mended }: LookOptions): {
  stop(): Promise<void>;
} {
  const stopping = new AbortController();
  const { signal } = stopping;
  const pause = () => sleep(EVERY_MS, undefined, { signal }).catch(() => {});
  let away = false;

  const lookAsLongAsPossible = async () => {
    const database = await connect(databaseUrl);
    try {
      while (!signal.aborted) {
        await look(database);
        if (away) onTrouble(mended);
        away = false;
        await pause();
      }
    } finally {
      await database.end().catch(() => {});
    }
  };
  const running = (async () => {
    while (!signal.aborted) {
      await lookAsLongAsPossible().catch((error: Error) => {
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
