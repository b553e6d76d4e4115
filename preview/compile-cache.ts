// Folder of Node's compile cache: most of a preview's time goes into loading the same modules again.
import { join } from 'node:path';

export const COMPILE_CACHE = join(import.meta.dirname, '../node_modules/.cache/node-compile-cache');
