// Where the repository is, and what Node has compiled of it.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder, without a slash at its end. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Folder of Node's compile cache: most of what a short program does is to load the same modules again. */
export const COMPILE_CACHE = join(ROOT, 'node_modules/.cache/node-compile-cache');
