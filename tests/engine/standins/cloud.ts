// What "exists": the things that the stand-in providers made, by id, for a test to look at, edit (drift), remove and add (import);
// the calls that were made; and the faults that a test wants of the next ones.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { WireObject } from './values.ts';

/** Something that exists. */
export interface Thing {
  id: string;
  type: string;
  /** What it answers when it is read. */
  outputs: WireObject;
}

/** A call that did something, or failed to. */
export interface Call {
  method: 'create' | 'update' | 'delete' | 'read';
  urn: string;
  id: string;
}

/** Makes calls fail. */
export interface Fault {
  method: Call['method'];
  /** Text that the URN holds. */
  urn: string;
  message: string;
}

export class Cloud {
  readonly calls: Call[] = [];
  readonly faults: Fault[] = [];
  /** Told of each call before it does anything. */
  onCall: (call: Call) => void = () => {};
  private readonly things = new Map<string, Thing>();

  /** Azure compares ids without regard to case. */
  get(id: string): Thing | undefined {
    return this.things.get(id.toLowerCase());
  }

  put(thing: Thing): void {
    this.things.set(thing.id.toLowerCase(), thing);
  }

  /** With all that is below it, as Azure does. */
  remove(id: string): void {
    const key = id.toLowerCase();
    for (const other of this.things.keys()) if (other.startsWith(`${key}/`)) this.things.delete(other);
    this.things.delete(key);
  }

  /** The only one of a type whose id ends in a name. @throws Error when there is none or another. */
  find(type: string, name = ''): Thing {
    const found = this.all().filter((thing) => thing.type === type && thing.id.endsWith(name));
    if (found.length !== 1) throw new Error(`${found.length} things of type ${type} are called ${name || 'anything'}`);
    return found[0]!;
  }

  all(): Thing[] {
    return [...this.things.values()];
  }

  /** Notes a call, and lets it fail where a test said so. @throws Error */
  record(call: Call): void {
    this.calls.push(call);
    this.onCall(call);
    const fault = this.faults.find(({ method, urn }) => method === call.method && call.urn.includes(urn));
    if (fault) throw new Error(fault.message);
  }

  save(file: string): void {
    writeFileSync(file, JSON.stringify(this.all(), null, 1));
  }

  /** Empty when there is no such file. */
  static load(file: string): Cloud {
    const cloud = new Cloud();
    if (existsSync(file)) for (const thing of JSON.parse(readFileSync(file, 'utf8')) as Thing[]) cloud.put(thing);
    return cloud;
  }
}

/** The same for the same seed. */
export function uuid(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
