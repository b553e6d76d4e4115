// The cost of row-level security for the dashboard: its queries as a tenant's member, and as the superuser, to whom no policy applies,
// in turns on one database. Before that, rewritten functions against their first versions, for a tenant that the planner's statistics
// do not know yet. Asserts what the plans do, not how long they take.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Client } from 'pg';
import { startScratchPostgres } from '../lab/scratch-postgres.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { MIGRATIONS_FOLDER } from '../provisioning/database/migrations.ts';
import { removeTenant } from '../provisioning/database/registry.ts';
import { type PlanFacts, readPlans } from './support/plans.ts';
import { type Asker, callRequest, type Request, send } from './support/postgrest.ts';
import { median, quantile } from './support/quantiles.ts';
import { addTenant, type Filled, fillTelemetry } from './support/telemetry-fill.ts';

const ROUNDS = 400;
const DAY_MS = 86_400_000;
const GOAL = 1.3;

/** A query of the dashboard, and the maximum number of daily partitions that it may read. */
interface Query {
  title: string;
  request(tenant: Filled['tenants'][number]): Request;
  /** Days with their default partition, and those ahead for a query without an end. */
  partitions: number;
}

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

const chart = (device: string, days: number) =>
  callRequest(
    'device_chart',
    { device_id: 'uuid', field: 'text', since: 'timestamptz', until: 'timestamptz' },
    { device_id: device, field: 'temperature', since: ago(days * DAY_MS), until: ago(0) },
  );

const RULE = {
  kind: 'rate',
  device_id: null,
  field: 'temperature',
  comparison: 'above',
  threshold: 1,
  window_minutes: 5,
};
const RULE_TYPES = {
  tenant_id: 'uuid',
  kind: 'text',
  device_id: 'uuid',
  field: 'text',
  comparison: 'text',
  threshold: 'float8',
  window_minutes: 'int',
  hours: 'int',
};

const QUERIES: Query[] = [
  {
    title: 'status of each device',
    request: ({ id }) => ({
      name: 'statuses',
      source: `select "device_id", "last_received_at", "gaps", "clock_skew", "newest" from "public"."device_newest"
        where "tenant_id" = $1 order by "device_id" limit 1000 offset 0`,
      values: [id],
    }),
    partitions: 0,
  },
  { title: '24 h chart of a device', request: ({ device }) => chart(device, 1), partitions: 2 + 1 },
  { title: '7 day chart of a device', request: ({ device }) => chart(device, 7), partitions: 8 + 1 },
  {
    title: '100 newest readings of a device',
    request: ({ id, device }) => ({
      name: 'readings',
      source: `select "ts", "message_id", "received_at", "payload" from "public"."telemetry"
        where "tenant_id" = $1 and "device_id" = $2 and "ts" >= $3
        order by "ts" desc, "message_id" desc limit 100 offset 0`,
      values: [id, device, ago(DAY_MS)],
    }),
    partitions: 2 + 7 + 1,
  },
  {
    title: 'ingest page, 24 h',
    request: ({ id }) =>
      callRequest(
        'ingest_spans',
        { tenant_id: 'uuid', bars: 'int', minutes: 'int' },
        { tenant_id: id, bars: 120, minutes: 12 },
      ),
    partitions: 0,
  },
  {
    title: 'preview of an alert rule, 24 h',
    request: ({ id }) => callRequest('try_alert_rule', RULE_TYPES, { tenant_id: id, ...RULE, hours: 24 }),
    // The window before the range may begin a day earlier.
    partitions: 3 + 1,
  },
];

/** Rewritten functions: the migration with the first version, and the query that uses it; `now`, where its arguments are others. */
const COMPARISONS: { title: string; file: string; name: string; sql: string; now?: string }[] = [
  {
    title: 'a rule on 20 devices of a tenant without statistics',
    file: '20261121190600_alerts.sql',
    name: 'access.breaches',
    sql: `select count(*) from access.breaches($1, 'rate', null, 'temperature', 'above', 1000, 5, now() - interval '1 day', now())`,
    now: `select count(*) from access.breaches(jsonb_populate_record(null::public.alert_rules, jsonb_build_object('tenant_id', $1::uuid,
      'kind', 'rate', 'field', 'temperature', 'comparison', 'above', 'threshold', 1000, 'window_minutes', 5)), now() - interval '1 day', now())`,
  },
  {
    title: 'numbers of a field',
    file: '20261121190400_readings.sql',
    name: 'access.number_of',
    sql: `select sum(access.number_of(payload, 'temperature')) from public.telemetry where tenant_id = $1`,
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
      await compare(client);
      const start = performance.now();
      const filled = await fillTelemetry(client, Number(values.rows));
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      console.log(`${filled.rows} readings of ${filled.tenants.length} tenants, made in ${seconds} s`);
      // A pooled connection of PostgREST's serves one role, mostly: a plan that contains row-level security is made again
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
  // Both ask about the same tenant, and take turns to be first: the second one finds the pages in memory.
  for (let round = -20; round < rounds; round++) {
    const tenant = tenants[Math.floor(Math.random() * tenants.length)]!;
    const askers: [keyof typeof times, Asker][] = [
      ['member', { sub: tenant.member }],
      ['superuser', { sub: tenant.member, isSuperuser: true }],
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

/** Times each function of `COMPARISONS` as it was and as it is, in turns, for a tenant that the statistics do not know. */
async function compare(client: Client): Promise<void> {
  await addTenant(client, 'known');
  await client.query('analyze');
  const tenant = await addTenant(client, 'unknown');
  await client.query('create schema before; grant usage on schema before to authenticated');
  for (const { title, file, name, sql, now } of COMPARISONS) {
    const text = await readFile(join(MIGRATIONS_FOLDER, file), 'utf8');
    const [first] = text.match(new RegExp(`create function ${name}\\([\\s\\S]*?(\\n\\$\\$|\\nend);\n`))!;
    const old = name.replace('access.', 'before.');
    await client.query(first.replace(name, old));
    await client.query('grant execute on all functions in schema before to authenticated');
    const ask = (source: string) => send(client, { sub: tenant.member }, { name: '', source, values: [tenant.id] });
    const times: Record<'before' | 'after', number[]> = { before: [], after: [] };
    for (let round = 0; round < 3; round++) {
      times.before.push((await ask(sql.replace(name, old))).ms);
      times.after.push((await ask(now ?? sql)).ms);
    }
    const [before, after] = [median(times.before), median(times.after)];
    console.log(
      `${title}: before ${before.toFixed(0)} ms, after ${after.toFixed(0)} ms; ratio ${(before / after).toFixed(1)}`,
    );
  }
  for (const slug of ['known', 'unknown']) await removeTenant(client, slug);
}
