// Tells what the registry holds, again and again, as the agent on the broker machine reads it.
import type { RegistryEntry } from '../provisioning/broker/registry.ts';
import { readRegistry } from '../provisioning/database/registry.ts';
import { pollDatabase } from './poll.ts';

/** What the watch reports. */
export interface RegistryWatchEvents {
  /** The current registry; called at every poll, changed or not. */
  onRegistry: (entries: RegistryEntry[]) => void;
  /** Called once when the registry cannot be read, and once when it can be again. */
  onTrouble: (message: string) => void;
  /** Pause between two polls. Default: a second. */
  everyMs?: number;
}

/** Starts reading. While the database is away, the broker's last good file stays in force. */
export function watchRegistry(
  databaseUrl: string,
  { onRegistry, onTrouble, everyMs }: RegistryWatchEvents,
): { stop(): Promise<void> } {
  return pollDatabase({
    databaseUrl,
    everyMs,
    poll: async (database) => onRegistry(await readRegistry(database)),
    onTrouble,
    broken: 'the registry cannot be read; the last known devices stay in force',
    recovered: 'the registry can be read again',
  });
}
