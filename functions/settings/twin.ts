// The key by which the machine calls a timer that is late.
import * as z from 'zod';
import { type Environment, read } from './environment.ts';

const FIELDS = { TIMER_TWIN_KEY: z.string().min(32, 'must be 32 characters at least').optional() };

/** The key; undefined: nobody may call. @throws SettingsError if it is short. */
export const readTwinKey = (environment: Environment = process.env): string | undefined =>
  read(FIELDS, environment).TIMER_TWIN_KEY;
