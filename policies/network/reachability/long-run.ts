// `node bootstrap/run.mjs policies/network/reachability/long-run.ts [RUNS] [SEED]`: how many random rule sets the evaluator and
// the packet-by-packet oracle agree on. Default: 100,000 and another seed each time. A disagreement ends it with the
// smallest rule set found and the seed that repeats it.
import { checkAgreement } from './agreement.ts';

const [runs = '100000', seed] = process.argv.slice(2);
const started = performance.now();
const { exposed, safe } = checkAgreement(Number(runs), seed === undefined ? undefined : Number(seed));
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(`${exposed + safe} rule sets, ${exposed} exposed and ${safe} safe, no disagreement, ${seconds} s`);
