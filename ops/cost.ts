// `ops cost`: what a month of a stack costs by list prices, and whether its budget covers that.
import { spawnSync } from 'node:child_process';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ROOT } from '../bootstrap/root.mjs';
import type { Plan } from '../preview/plan.ts';
import { count } from '../preview/render/style.ts';
import { type Bill, daysUntilFull, type Load, makeBill, PRICES, USUAL } from './cost/bill.ts';

interface Options extends Load {
  stack: string;
  json?: true;
  cwd: string;
}

/** The `cost` command. */
export function costCommand(): Command {
  return new Command('cost')
    .description('what a month of a stack costs by list prices, and whether its budget covers that; without a network')
    .requiredOption('--stack <name>', 'the stack whose plan is priced')
    .option('--messages-per-second <n>', 'messages that devices send, of one reading', amount, USUAL.messagesPerSecond)
    .option('--run-seconds <n>', 'seconds that a run of ingest takes in addition to storing', amount, USUAL.runSeconds)
    .option('--job-seconds <n>', 'seconds that the run of all other jobs takes', amount, USUAL.jobSeconds)
    .option('--scrape-every <n>', 'seconds between two scrapes of /api/metrics (default: nobody scrapes)', interval)
    .option('--json', 'print the bill as JSON')
    .addOption(new Option('--cwd <folder>', 'folder that holds Pulumi.yaml').default(ROOT).hideHelp())
    .addHelpText(
      'after',
      `
The prices, in US dollars, are in ops/cost/prices.json, with the day they were
read and their sources. The budget is taken to be in US dollars, too.
Not counted: taxes, discounts, storage transactions, and data that leaves Azure
beyond the free 100 GB a month.

Examples:
  npm run ops -- cost --stack dev
  npm run ops -- cost --stack prod --messages-per-second 200

Exit codes: 0 the budget covers it; 1 it does not, or the plan cannot be made.`,
    )
    .action(async ({ stack, cwd, json, ...load }: Options) => {
      const bill = makeBill(planOf(stack, cwd), load);
      console.log(
        json ? JSON.stringify({ prices: PRICES.read, ...load, ...bill }, null, 2) : describe(stack, bill, load),
      );
      if (bill.budget !== undefined && bill.usd > bill.budget) process.exitCode = 1;
    });
}

/** The plan of a stack. A process of its own: these commands do without the packages that a preview needs. */
export function planOf(stack: string, cwd = ROOT): Plan {
  console.error(`... planning ${stack}`);
  const preview = [
    'bootstrap/run.mjs',
    'preview/main.ts',
    '--stack',
    stack,
    '--cwd',
    cwd,
    '--no-policies',
    '--json',
    '-',
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, preview, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status !== 0) throw new Error(`the plan of ${stack} could not be made:\n${stderr.trim()}`);
  return JSON.parse(stdout) as Plan;
}

function amount(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value > 100_000) throw new InvalidArgumentError('Give a number from 0 to 100000.');
  return value;
}

function interval(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('Give a whole number of seconds, 1 to 99999.');
  return Number(text);
}

function describe(stack: string, { items, usd, budget, unpriced }: Bill, { messagesPerSecond: rate }: Load): string {
  const line = (what: string, detail: string, price: number) =>
    `  ${what.padEnd(18)}${detail.padEnd(32)}${price.toFixed(2).padStart(10)}`;
  const { free, pro } = PRICES.supabase;
  return [
    `A month of ${stack} at ${count(rate, 'message')} a second, in ${PRICES.currency}.`,
    `Prices of ${PRICES.read}, ${PRICES.region}.`,
    '',
    ...items.map(({ what, detail, usd }) => line(what, detail, usd)),
    line('together', '', usd),
    ...(budget === undefined ? [] : [line('monthlyBudget', verdict(usd, budget), budget)]),
    '',
    `Supabase sends its own bill: ${fullAfter('Free', free, rate)},`,
    `${fullAfter('Pro', pro, rate)}.`,
    ...unpriced.map((type) => `Not priced: ${type}`),
  ].join('\n');
}

const verdict = (usd: number, budget: number) =>
  usd > budget ? `too small by ${(usd - budget).toFixed(2)}` : `leaves ${(budget - usd).toFixed(2)}`;

function fullAfter(name: string, { price, databaseMb }: { price: number; databaseMb: number }, rate: number): string {
  const full =
    rate === 0 ? 'never full at this load' : `full after ${count(Math.floor(daysUntilFull(databaseMb, rate)), 'day')}`;
  return `${name} ${price.toFixed(2)} (${databaseMb} MB, ${full})`;
}
