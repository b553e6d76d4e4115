// What the collectors that are compared have in common.
import type { ClientOptions } from './mqtt-client.ts';

/** How a collector reaches broker and database. */
export interface CollectorOptions {
  broker: ClientOptions;
  /** With its password. */
  databaseUrl: string;
  /** Of the gate's stamps: ours checks them, as in production. */
  gateKey: string;
  /** Where its rows go. Ours and the tutorial's script have a table of their own and are not told. */
  table: { schema: string; name: string };
  /** Folder for files of its own. */
  dir: string;
  /** File descriptor for what it says. */
  log: number;
}

/** A running collector. */
export interface Collector {
  pid: number;
  /** Asks it to end, and waits. */
  stop(): Promise<void>;
}
