// `npm test`: every test of every room; arguments are passed on to vitest (`npm test -- policies`).
import { explainOnHelp } from '../bootstrap/explain.ts';
import { runVitest } from './run-vitest.ts';

explainOnHelp(import.meta.filename);
await runVitest(process.argv.slice(2));
