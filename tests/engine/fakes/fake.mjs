#!/usr/bin/env node
// Stands for az, wrangler and npm, first on PATH: writes down what it was called with, and answers what the deployment's commands
// need. `npm run ... ops -- deploy functions` and `deploy configuration` really run, against this az.
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const name = basename(process.argv[1]);
const argv = process.argv.slice(2);
const { FAKES_RECORD, FAKES_ROOT, FAKES_FAIL, FAKES_MACHINE_SAYS } = process.env;
appendFileSync(FAKES_RECORD, `${JSON.stringify({ name, argv, env: process.env })}\n`);

const line = [name, ...argv].join(' ');
if (FAKES_FAIL && line.includes(FAKES_FAIL)) {
  console.error(`${name} fails, as the test wants`);
  process.exitCode = 1;
} else if (name === 'npm' && (argv.includes('functions') || argv.includes('configuration'))) {
  const args = argv.slice(argv.indexOf('--') + 1);
  process.exitCode = spawnSync(process.execPath, [join(FAKES_ROOT, 'ops/main.ts'), ...args], {
    stdio: 'inherit',
  }).status;
} else if (name === 'az' && argv[0] === 'rest') {
  // The view of a run command, which Azure calls succeeded whatever the machine said. HASH stands for the bundle that was asked for.
  const words = FAKES_MACHINE_SAYS ?? readFileSync(join(import.meta.dirname, 'machine-says.txt'), 'utf8');
  const output = words.replaceAll('HASH', process.env.BROKER_BUNDLE);
  console.log(JSON.stringify({ properties: { instanceView: { executionState: 'Succeeded', exitCode: 0, output } } }));
} else if (name === 'az') {
  // Which package the app runs: the one that was deployed last.
  const [deployed] = [...readFileSync(FAKES_RECORD, 'utf8').matchAll(/"--src","([^"]+)"/g)].slice(-1);
  console.log(argv.includes('list') ? JSON.stringify([basename(deployed?.[1] ?? '', '.zip')]) : '{}');
}
