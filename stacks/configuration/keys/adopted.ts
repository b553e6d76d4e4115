// The key of an environment that ran before this program managed it.
import { adoption } from '../../adoption/plan.ts';
import { key } from './key.ts';

/** Keys of an adoption. */
export const adoptionKeys = {
  adoption: key(adoption.optional(), {
    description:
      'An environment that ran before this program managed it, and its phase: `docs/adoption.md`. Written by `npm run ops -- adopt`, not by hand.',
    example: "'{…}'",
  }),
};
