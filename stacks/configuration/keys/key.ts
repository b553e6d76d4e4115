// A configuration key: its rule, and what a person needs to know to set it.
import type { z } from 'zod';

/** What a person needs to know to set a key. */
export interface KeyMeta {
  /** One or two sentences. */
  description: string;
  /** An accepted value, as typed after `pulumi config set`. */
  example: string;
}

/** A key of the stack file. */
export const key = <T extends z.ZodType>(type: T, meta: KeyMeta): T => type.meta({ ...meta });
