// What a check is given: the booted machine, the parties around it, and the services it uses.
import type { BootedMachine } from './boot.ts';
import type { Database } from './database.ts';
import type { Shell } from './process.ts';
import type { Services } from './services.ts';
import type { Tools } from './tools.ts';
import type { ADDRESSES } from './world.ts';

/** The machine under test. */
export interface Machine {
  /** Runs a shell command on the machine as root. */
  exec: Shell;
  /** Runs a shell command in the administrator's network namespace, with this host's programs and files. */
  admin: Shell;
  /** The same for somebody else on the internet. */
  outsider: Shell;
  services: Services;
  /** The registry's Postgres, with two tenants' devices. */
  database: Database;
  addresses: typeof ADDRESSES;
  /** The broker's name, which all parties resolve to the machine. */
  host: string;
  files: {
    /** Folder for a check's own files; seen by admin, outsider and this process, not by the machine. */
    folder: string;
    /** The administrator's private key. */
    sshKey: string;
    /** The CA that devices are handed. */
    caFile: string;
  };
  tools: Tools;
  /** Reboot, kill, replacement. */
  power: Pick<BootedMachine, 'reboot' | 'kill' | 'start' | 'replace' | 'powerOff' | 'waitUntilBooted'>;
}

/** Something that must be true of the machine. */
export interface Check {
  /** Short, a statement: what is true when it passes. */
  name: string;
  /** It throws when the statement is not true; what it gives is shown beside it (a score, a number). */
  run(machine: Machine): Promise<string | undefined>;
  /** It reboots, replaces, bans or otherwise leaves the machine different: run after all others. Default: false. */
  disturbs?: boolean;
}

/** @throws Error with `message` when `condition` does not hold. */
export function expect(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
