// What a rotation works on: where ingest's broker account is configured, kept and used.
import type { DatabaseAccess } from '../../provisioning/database/connect.ts';
import type { Broker } from '../target/target.ts';

/** A local platform or a deployed stack. Generations are whole numbers from 1 on. */
export interface Environment {
  /** What `--target` calls it. */
  target: string;
  /** The database, as a role that may edit the registry. */
  database: DatabaseAccess;
  /** Strictly verified way to the broker. */
  broker: Pick<Broker, 'host' | 'port' | 'ca'>;
  /** What is configured now. */
  configured(): Configured;
  /** Key of a generation that is in force, or of the next one. @throws Error when it is not kept any more, or not yet. */
  key(generation: number): string;
  /** Changes the configuration; in force with the next deployment. */
  configure(to: Configured): Promise<void>;
  /** Deploys what is configured. */
  deploy(): Promise<void>;
  /** Undefined when ingest signs in with this generation, as far as can be seen from here; else what it does instead. */
  whyNotUsed(generation: number): Promise<string | undefined> | string | undefined;
  /** True when the broker's log says so; false when only the app's settings do, and no run may have begun with them. */
  seesSessions: boolean;
}

/** The two keys of the configuration. */
export interface Configured {
  /** What ingest signs in with; one of `inForce`. */
  generation: number;
  /** What the broker was seen to accept. */
  inForce: number[];
}
