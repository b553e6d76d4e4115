// Whether a fault did harm: what was acknowledged is in the table once, and the ledger adds up.
import { setTimeout as sleep } from 'node:timers/promises';
import { withConnection } from '../../provisioning/database/connect.ts';
import type { World } from './world.ts';

/** Bound on an ingest process, MiB. */
const MEMORY_MIB = 150;
/** Longest that draining may take after a fault: ingest waits up to 10 seconds between two attempts. */
const TIMEOUT_MS = 40_000;

/** What the database holds. */
interface Counts {
  rows: number;
  distinct: number;
  /** What the ledger says was stored. */
  stored: number;
  residuals: number;
}

/** Waits until all that was acknowledged is there. @throws Error that says what is missing, doubled, or does not add up. */
export async function expectUnharmed(world: World): Promise<void> {
  const { acknowledged } = world.load;
  const deadline = Date.now() + TIMEOUT_MS;
  while ((await countsOf(world)).distinct < acknowledged.size && Date.now() < deadline) await sleep(100);
  const { rows, distinct, stored, residuals } = await countsOf(world);
  const problems: string[] = [];
  const missing = await missingOf(world);
  if (missing.length > 0) problems.push(`${missing.length} acknowledged are missing, such as ${missing.slice(0, 5)}`);
  if (rows !== distinct) problems.push(`${rows - distinct} rows are double`);
  if (distinct !== acknowledged.size) problems.push(`${acknowledged.size} acknowledged, ${distinct} in the table`);
  if (residuals > 0) problems.push(`${residuals} minutes of the ledger do not add up`);
  if (stored !== rows) problems.push(`the ledger says ${stored} were stored, the table has ${rows}`);
  const memory = world.peakMemory();
  if (memory > MEMORY_MIB) problems.push(`an ingest took ${Math.round(memory)} MiB`);
  if (problems.length > 0) throw new Error(`${problems.join('; ')}\n${world.said.slice(-20).join('\n')}`);
}

const COUNT = `
  select (select count(*) from public.telemetry)::int as rows,
    (select count(distinct (payload ->> 'n')::int) from public.telemetry)::int as distinct,
    (select coalesce(sum(stored), 0) from public.ingest_ledger)::int as stored,
    (select count(*) from public.ingest_residuals)::int as residuals`;

const countsOf = ({ rig }: World): Promise<Counts> =>
  withConnection(rig.postgres.url, async (client) => (await client.query<Counts>(COUNT)).rows[0]!);

const missingOf = ({ rig, load }: World): Promise<number[]> =>
  withConnection(rig.postgres.url, async (client) => {
    const { rows } = await client.query<{ n: number }>(
      `select n from unnest($1::int[]) as n
       except select (payload ->> 'n')::int from public.telemetry order by 1`,
      [[...load.acknowledged]],
    );
    return rows.map(({ n }) => n);
  });
