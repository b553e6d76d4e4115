// A row of the decisions: what happens to one member of a recorded resource, and why.
import type { Json } from '../json.ts';

/** The stack file's decisions. */
export interface Choices {
  location: string;
  /** The new machine's size, and whether somebody chose it. */
  vmSize: string;
  sizeChosen: boolean;
  /** True if the old machine has another size. */
  sizeChanges: boolean;
}

/** One row. */
export interface Decision {
  at: string;
  /** `same`: the program has the same value. `apart`: accounted for elsewhere. */
  outcome: 'same' | 'apart' | 'kept' | 'set' | 'taken away';
  /** Only for these values. */
  only?: (value: Json, choices: Choices, path: string) => boolean;
  /** The value that it is set to; a member with this value is kept. */
  to?: Json | ((choices: Choices) => Json);
  /** True if the program does not give the member, so that `to` is sent in addition. */
  sent?: true;
  /** The first phase, if it is not the resource's own; until then the member is kept. */
  phase?: number;
  /** Set: the reason. Removed: what that breaks. */
  why: string;
  /** How to restore it, if the previous phase does not. */
  back?: string;
  /** True if it cannot be restored, or blocks the adoption: refused until somebody accepts it by name. */
  byName?: true | ((value: Json, choices: Choices) => boolean);
}
