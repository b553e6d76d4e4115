// What row-level security costs the dashboard: its queries as a tenant's member, against the same as the superuser, whom
// no policy concerns, in turns on one database. Asserts what the plans do, not how long they take.
import { parseArgs } from 'node:util';
import type { Client } from 'pg';
import { startScratchPostgres } from '../local/scratch-postgres.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { type PlanFacts, readPlans } from './support/plans.ts';
import { type Asker, callRequest, type Request, send } from './support/postgrest.ts';
import { median, quantile } from './support/quantiles.ts';
import { type Filled, fillTelemetry } from './support/telemetry-fill.ts';

const ROUNDS = 400;
const DAY_MS = 86_400_000;
const GOAL = 1.3;

/** A query of the dashboard, and how many partitions of a day it may read at most. */
interface Query {
  title: string;
  request(tenant: Filled['tenants'][number]): Request;
  /** Days with their default partition, and those ahead for a query without an end. */
  partitions: number;
}

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

const QUERIES: Query[] = [
  {
    title: 'newest reading of each device',
    request: ({ id }) => callRequest('latest_readings', { tenant_id: 'uuid' }, { tenant_id: id }),
    partitions: 8 + 7 + 1,
  },
  {
    title: '24 h chart of a device',
    request: ({ device }) =>
      callRequest(
        'device_chart',
        { device_id: 'uuid', field: 'text', since: 'timestamptz', until: 'timestamptz' },
        { device_id: device, field: 'temperature', since: ago(DAY_MS), until: ago(0) },
      ),
    partitions: 2 + 1,
  },
  {
    title: '100 newest readings of a device',
    request: ({ id, device }) => ({
      name: 'readings',
      source: `select "ts", "message_id", "received_at", "payload" from "public"."telemetry"
        where "tenant_id" = $1 and "device_id" = $2 and "ts" >= $3 order by "ts" desc limit 100 offset 0`,
      values: [id, device, ago(DAY_MS)],
    }),
    partitions: 2 + 7 + 1,
  },
  {
    title: 'ingest page, 24 h',
    request: ({ id }) =>
      callRequest('ingest_minutes', { tenant_id: 'uuid', since: 'timestamptz' }, { tenant_id: id, since: ago(DAY_MS) }),
    partitions: 0,
  },
];

/** @param args `--rows N`: readings. Default: 10000000. `--rounds N`: times each query is made. Default: 400. */
export async function run(args: string[] = []): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { rows: { type: 'string', default: '10000000' }, rounds: { type: 'string', default: String(ROUNDS) } },
  });
  const postgres = await startScratchPostgres();
  try {
    await withConnection(postgres.url, async (client) => {
      const start = performance.now();
      const filled = await fillTelemetry(client, Number(values.rows));
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      console.log(`${filled.rows} readings of ${filled.tenants.length} tenants, made in ${seconds} s`);
      // A pooled connection of PostgREST's serves one role, mostly: a plan that row-level security went into is made anew
      // when the role changes.
      await withConnection(postgres.url, async (other) => {
        for (const query of QUERIES) {
          await measure({ member: client, superuser: other }, filled, query, Number(values.rounds));
          await inspect(client, filled, query);
        }
      });
    });
  } finally {
    await postgres.stop();
  }
}

async function measure(
  clients: Record<'member' | 'superuser', Client>,
  { tenants }: Filled,
  { title, request }: Query,
  rounds: number,
): Promise<void> {
  const times: Record<keyof typeof clients, number[]> = { member: [], superuser: [] };
  let rows = 0;
  // Both ask about the same tenant, the first one in turns: whoever comes second finds the pages read.
  for (let round = -20; round < rounds; round++) {
    const tenant = tenants[Math.floor(Math.random() * tenants.length)]!;
    const askers: [keyof typeof times, Asker][] = [
      ['member', { sub: tenant.member }],
      ['superuser', 'superuser'],
    ];
    for (const [who, asker] of round % 2 ? askers : askers.toReversed()) {
      const result = await send(clients[who], asker, request(tenant));
      rows = result.rows;
      if (round >= 0) times[who].push(result.ms);
    }
  }
  const member = quantile(times.member, 0.95);
  const superuser = quantile(times.superuser, 0.95);
  const medians = median(times.member) / median(times.superuser);
  console.log(
    `${title} (${rows} rows): p95 ${member.toFixed(2)} ms, without row-level security ${superuser.toFixed(2)} ms; ` +
      `ratio ${(member / superuser).toFixed(2)} (goal: ${GOAL}), of medians ${medians.toFixed(2)}`,
  );
}

/** @throws Error when a plan reads what it should not. */
async function inspect(client: Client, { tenants }: Filled, { title, request, partitions }: Query): Promise<void> {
  const [tenant] = tenants;
  const facts = await readPlans(client, () => send(client, { sub: tenant!.member }, request(tenant!)));
  console.log(
    `  plan: ${facts.partitionsRead.length} partitions read (at most ${partitions}), sequential scans of ` +
      `${facts.sequentialScans.join(', ') || 'nothing'}, ${facts.subPlans.length} sub-plans a row`,
  );
  const wrong = faults(facts, partitions);
  if (wrong.length > 0) throw new Error(`${title}: ${wrong.join('; ')}`);
}

function faults({ sequentialScans, partitionsRead, subPlans }: PlanFacts, partitions: number): string[] {
  return [
    ...sequentialScans.map((table) => `reads ${table} from end to end`),
    ...(partitionsRead.length > partitions ? [`reads ${partitionsRead.join(', ')}`] : []),
    ...subPlans.map((name) => `runs ${name} for every row`),
  ];
}
