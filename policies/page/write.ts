// `node bootstrap/run.mjs policies/page/write.ts`: brings the list of rules in docs/reference/policies.md up to date.
import { writeFileSync } from 'node:fs';
import { RULES } from '../pack.ts';
import { PAGE, page } from './page.ts';

writeFileSync(PAGE, page(RULES));
