// Starts the preview with Node's compile cache enabled, which must happen before anything else is loaded.
import { enableCompileCache } from 'node:module';
import { COMPILE_CACHE } from '../bootstrap/root.mjs';

enableCompileCache(COMPILE_CACHE);
const { main } = await import('./cli.ts');
process.exitCode = await main(process.argv.slice(2));
