// The environment of a rotation: where ingest's broker account is configured, stored and used.
import type { DatabaseAccess } from '../../provisioning/database/connect.ts';
import type { Broker } from '../target/target.ts';

/** An account and its key. */
export interface Account {
  username: string;
  key: string;
}

/** A local platform or a deployed stack. Generations are whole numbers from 1 on. */
export interface Environment {
  /** Its name for `--target`. */
  target: string;
  /** The database, with a role that may edit the registry. */
  database: DatabaseAccess;
  /** The broker's address, with full verification. */
  broker: Pick<Broker, 'host' | 'port' | 'ca'>;
  /** The current configuration. */
  configured(): Configured;
  /** Key of a generation in force, or of the next one. @throws Error if the key does not exist any more, or not yet. */
  key(generation: number): string;
  /** The control loop's account; a local platform enters its own. */
  control?(): Account;
  /** Changes the configuration; the next deployment puts it in force. */
  configure(to: Configured): Promise<void>;
  /** Deploys the configuration. */
  deploy(): Promise<void>;
  /** Undefined if ingest appears to sign in with this generation; otherwise what it does instead. */
  whyNotUsed(generation: number): Promise<string | undefined> | string | undefined;
  /** True if the broker's log is the source; false if only the app's settings are, and no run may have started with them yet. */
  seesSessions: boolean;
}

/** The two configuration keys. */
export interface Configured {
  /** The generation that ingest signs in with; one of `inForce`. */
  generation: number;
  /** The generations that the broker is known to accept. */
  inForce: number[];
}
