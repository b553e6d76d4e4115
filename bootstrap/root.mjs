// Where the repository is.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder, without a slash at its end. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
