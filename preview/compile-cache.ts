// Where Node keeps compiled code between previews: most of a preview's time is loading the same modules again.
import { join } from 'node:path';

export const COMPILE_CACHE = join(import.meta.dirname, '../node_modules/.cache/node-compile-cache');
