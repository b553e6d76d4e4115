// `ops daily`, `weekly`, `monthly`: what a platform did, what needs a person, and whether it is large enough.
import { statfs } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { DEFAULT_OUTAGE } from '../provisioning/broker/config.ts';
import { connect } from '../provisioning/database/connect.ts';
import { type Bill, makeBill, USUAL } from './cost/bill.ts';
import { planOf } from './cost.ts';
import { type Facts, readFacts } from './daily/facts.ts';
import { findProblems } from './daily/judge.ts';
import { lookOutside } from './daily/outside.ts';
import { render } from './daily/page.ts';
import { advise, type Setup } from './scale/advice.ts';
import { machine, TIMER, WORKER } from './scale/sizes.ts';
import { findPlace, type Place, type TargetOptions, withTarget } from './target/find.ts';

interface Span {
  name: string;
  days: number;
  /** How long one statement may take. The ledger of 1,000 tenants has 1.4 million rows a day. */
  statementMs: number;
  /** Planning a stack for its bill takes longer than the rest. */
  withCost: boolean;
}

const SPANS = {
  daily: { name: 'day', days: 1, statementMs: 10_000, withCost: false },
  weekly: { name: 'week', days: 7, statementMs: 60_000, withCost: true },
  monthly: { name: 'month', days: 30, statementMs: 120_000, withCost: true },
} satisfies Record<string, Span>;

/** The `daily` command. */
export const dailyCommand = () =>
  reportCommand('daily', 'what the platform did in the last day, and what needs a person', SPANS.daily);
/** The `weekly` command. */
export const weeklyCommand = () =>
  reportCommand('weekly', 'the same of the last seven days, with the cost of a stack', SPANS.weekly);
/** The `monthly` command. */
export const monthlyCommand = () =>
  reportCommand('monthly', 'the same of the last thirty days, with the cost of a stack', SPANS.monthly);

interface Options extends TargetOptions {
  databaseMb?: number;
  json?: true;
}

const reportCommand = (name: string, description: string, span: Span) =>
  withTarget(new Command(name))
    .description(description)
    .option('--database-mb <n>', "megabytes that the database's plan or disk has room for", megabytesOf)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Reads the ledger and the catalogue in a read-only transaction, asks the health
page, and looks at the broker's certificate. A tenant's bytes are an estimate.
Without --database-mb, a stack's database has room for databaseLimitMb of its
file; a local one may fill its disk.

Example:
  npm run ops -- ${name} --target prod

Exit codes: 0 all is well; 1 something needs a person, and the report names it.`,
    )
    .action(async ({ json, databaseMb, ...options }: Options) => {
      const place = findPlace(options);
      const [facts, outside] = await Promise.all([
        factsOf(place, span).catch((error: Error) => error),
        place.platform && lookOutside(place.platform),
      ]);
      const known = facts instanceof Error ? undefined : facts;
      const room = known && (await roomOf(place, known.database.bytes, databaseMb));
      const to = known?.now ?? new Date();
      const report = {
        platform: place.platform?.name ?? 'the database in DATABASE_URL',
        span: span.name,
        from: beginOf(span, to),
        to,
        problems: findProblems(facts, outside, room),
        facts: known,
        outside,
        advice: known ? advise(known, setupOf(place, room), span.days) : [],
        bill: span.withCost && known ? billOf(place, known, span) : undefined,
      };
      console.log(json ? JSON.stringify(report, asJson, 2) : render(report));
      if (report.problems.length > 0) process.exitCode = 1;
    });

const beginOf = ({ days }: Span, to: Date) => new Date(to.getTime() - days * 86_400_000);

async function factsOf({ database }: Place, span: Span): Promise<Facts> {
  const client = await connect(database);
  try {
    return await readFacts(client, beginOf(span, new Date()), span.statementMs);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Bytes that the database may grow to; undefined: not known. @param bytes its size. @param megabytes what the operator says. */
export async function roomOf({ platform }: Place, bytes: number, megabytes?: number): Promise<number | undefined> {
  if (megabytes !== undefined) return megabytes * 1e6;
  if (platform?.kind === 'local') {
    const { bavail, bsize } = await statfs(platform.dataFolder);
    return bytes + bavail * bsize;
  }
  if (platform?.kind !== 'stack') return undefined;
  return platform.config().databaseLimitMb * 1e6;
}

/** What the platform runs on. A stack's ingest is the timer; elsewhere a worker, on a machine that is not known. */
function setupOf({ platform }: Place, room: number | undefined): Setup {
  if (platform?.kind !== 'stack')
    return { ingest: WORKER, outageHours: DEFAULT_OUTAGE.outageHours, room, isSupabase: false };
  const { vmSize, brokerMaxConnections, queueOutageHours } = platform.config();
  return {
    broker: machine(vmSize, brokerMaxConnections),
    ingest: TIMER,
    outageHours: queueOutageHours,
    room,
    isSupabase: true,
  };
}

/** At the rate of messages that the report has found. */
function billOf({ platform }: Place, { readings }: Facts, { days }: Span): Bill | undefined {
  if (platform?.kind !== 'stack') return undefined;
  const messagesPerSecond = readings.received / (days * 86_400);
  return makeBill(planOf(platform.name), { ...USUAL, messagesPerSecond });
}

/** Megabytes on the command line. */
export function megabytesOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Give a whole number of megabytes, such as 8000.');
  return Number(text);
}

const asJson = (_: string, value: unknown) => (value instanceof Error ? { error: value.message } : value);
