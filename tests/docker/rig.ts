// What a check of the running project is given.
import type { ComposeTarget } from '../../ops/target/target.ts';
import type { Engine } from './engine.ts';
import type { Failing } from './failing.ts';

export interface Rig {
  engine: Engine;
  target: ComposeTarget;
  failing: Failing;
}
