// Keeps the broker's files in line with the registry, as the agent on the broker machine does.
import type { RegistryEntry } from '../provisioning/broker/registry.ts';
import { readRegistry } from '../provisioning/database/registry.ts';
import { pollDatabase } from './poll.ts';

/** What the watch reports. */
export interface RegistryWatchEvents {
  /** The current registry; called at every poll, changed or not. */
  onRegistry: (entries: RegistryEntry[]) => void;
  /** Called once when the registry cannot be read, and once when it can be again. */
  onTrouble: (message: string) => void;
}

/** Reads the registry every second. While the database is away, the broker's last good files stay in force. */
export function watchRegistry(
  databaseUrl: string,
  { onRegistry, onTrouble }: RegistryWatchEvents,
): { stop(): Promise<void> } {
  return pollDatabase({
    databaseUrl,
    poll: async (database) => onRegistry(await readRegistry(database)),
    onTrouble,
    broken: 'the registry cannot be read; the last known devices stay in force',
    recovered: 'the registry can be read again',
  });
}
