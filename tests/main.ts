// `npm test`: every test of every room; arguments are passed on to vitest (`npm test -- policies`).
import { runVitest } from './run-vitest.ts';

await runVitest(process.argv.slice(2));
