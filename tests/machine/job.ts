// What a run was asked for, and what each machine of it is given.
import type { Part } from './plan.ts';
import type { Image, Suite } from './rootfs.ts';
import type { Tools } from './tools.ts';

/** Options of the command line. */
export interface Options {
  suite: Suite;
  keep?: boolean;
  only?: string[];
  json?: string;
  /** Commit whose machine is booted. Default: today's files. */
  from?: string;
}

/** What main.ts passes to inside.ts. */
export interface Job {
  image: Image;
  tools: Tools;
  options: Options;
  /** What this machine is for. Default: everything that the options ask for. */
  part?: Part;
  /** JSON file with what an earlier commit puts onto the machine (former.ts). Default: today's. */
  former?: string;
}
