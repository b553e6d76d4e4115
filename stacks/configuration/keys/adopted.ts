// The key of an environment that ran before it was deployed from here.
import { adoption } from '../../adoption/plan.ts';
import { key } from './key.ts';

/** Keys of an adoption. */
export const adoptionKeys = {
  adoption: key(adoption.optional(), {
    description:
      'An environment that ran before, and how far it has come: `docs/adoption.md`. Written by `npm run ops -- adopt`, not by hand.',
    example: "'{…}'",
  }),
};
