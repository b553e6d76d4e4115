// Keeps the broker's files in line with the registry, as the agent on the broker machine does.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RegistryEntry } from '../provisioning/broker/registry.ts';
import { connect } from '../provisioning/database/connect.ts';
import { readRegistry } from '../provisioning/database/registry.ts';

const POLL_MS = 1000;

/** What the watch tells. */
export interface RegistryWatchEvents {
  /** The registry as it is now; called at every poll, changed or not. */
  onRegistry: (entries: RegistryEntry[]) => void;
  /** Called once when the registry cannot be read, and once when it can be again. */
  onTrouble: (message: string) => void;
}

/** Polls the registry every second. While the database is away the broker's last good files stay in force. */
export function watchRegistry(databaseUrl: string, events: RegistryWatchEvents): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const pause = () => sleep(POLL_MS, undefined, { signal }).catch(() => {});
  let away = false;

  const pollOnce = async () => {
    const client = await connect(databaseUrl);
    try {
      while (!signal.aborted) {
        events.onRegistry(await readRegistry(client));
        if (away) events.onTrouble('the registry can be read again');
        away = false;
        await pause();
      }
    } finally {
      await client.end().catch(() => {});
    }
  };
  const loop = (async () => {
    while (!signal.aborted) {
      await pollOnce().catch((error: Error) => {
        if (!away) events.onTrouble(`the registry cannot be read, last known devices stay in force: ${error.message}`);
        away = true;
      });
      await pause();
    }
  })();
  return {
    stop: () => {
      stopping.abort();
      return loop;
    },
  };
}
