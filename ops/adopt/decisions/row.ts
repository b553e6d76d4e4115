// A row of the decisions: what becomes of one member of a recorded resource, and why.
import type { Json } from '../json.ts';

/** What the stack file decides. */
export interface Choices {
  location: string;
  /** The new machine's size, and whether somebody chose it. */
  vmSize: string;
  sizeChosen: boolean;
  /** True when the old machine has another. */
  sizeChanges: boolean;
}

/** One row. */
export interface Decision {
  at: string;
  /** `same`: the program's own value is that very one. `apart`: it is accounted for elsewhere. */
  outcome: 'same' | 'apart' | 'kept' | 'set' | 'taken away';
  /** For these values alone. */
  only?: (value: Json, choices: Choices, path: string) => boolean;
  /** What it is set to; what is so already is kept. */
  to?: Json | ((choices: Choices) => Json);
  /** True where the program has no place for the member, so that `to` is sent beside what it gives. */
  sent?: true;
  /** From which phase on, when not the resource's own; it is kept until then. */
  phase?: number;
  /** Set: the reason. Taken away: what it breaks. */
  why: string;
  /** How to restore it, if the previous phase does not. */
  back?: string;
  /** True if it cannot be restored, or blocks the adoption: refused until somebody accepts it by name. */
  byName?: true | ((value: Json, choices: Choices) => boolean);
}
