// A date on the command line.
import { InvalidArgumentError } from 'commander';
import { z } from 'zod';

/** An ISO date. */
export function day(text: string): string {
  if (z.iso.date().safeParse(text).success) return text;
  throw new InvalidArgumentError('Give a date such as 2027-03-31.');
}
