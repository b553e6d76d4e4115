// A day on the command line.
import { InvalidArgumentError } from 'commander';
import { z } from 'zod';

/** An ISO date of the command line. */
export function day(text: string): string {
  if (z.iso.date().safeParse(text).success) return text;
  throw new InvalidArgumentError('It is no date such as 2027-03-31.');
}
