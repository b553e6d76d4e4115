// The random provider: every change makes another value (RequiresReplace of every attribute in terraform-provider-random), and a
// preview does not know it. What it makes begins with the canary.
import { randomBytes } from 'node:crypto';
import type { Model, Surroundings } from './model.ts';
import { UNKNOWN, type WireObject } from './values.ts';

const DEFAULTS = {
  lower: true,
  upper: true,
  numeric: true,
  number: true,
  special: true,
  minLower: 0,
  minUpper: 0,
  minNumeric: 0,
  minSpecial: 0,
};

export function random({ canary }: Surroundings): Model {
  const isPassword = (type: string) => type.endsWith(':RandomPassword');
  const result = (length: number) => `${canary}${randomBytes(length).toString('hex')}`.slice(0, length);
  return {
    stateOnly: true,
    replaces: () => true,
    previewed: (type, inputs) => ({
      ...DEFAULTS,
      ...inputs,
      result: UNKNOWN,
      ...(isPassword(type) && { bcryptHash: UNKNOWN }),
    }),
    idOf: () => 'none',
    make: ({ type, inputs }): WireObject => ({
      ...DEFAULTS,
      ...inputs,
      result: result(Number(inputs.length)),
      ...(isPassword(type) && { bcryptHash: `$2a$10$${result(53)}` }),
    }),
  };
}
