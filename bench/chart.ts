// A month of a device that sends every second, as a tenant's member asks the database for its chart: from roll-ups, as the periodic job has
// made them; and beside it from the readings alone.
import { bucketOf } from '../apps/dashboard/features/telemetry/ranges.ts';
import { readDatabaseUrl } from '../domain/database-url.ts';
import { openDatabase } from '../functions/database/connection.ts';
import { rollUp } from '../functions/rollup/roll-up.ts';
import { createLogger } from '../functions/runtime/log.ts';
import { startTestDatabase } from '../provisioning/database/testing/database.ts';
import { makePerson } from '../provisioning/database/testing/world.ts';
import { median } from './support/quantiles.ts';

const DAYS = 30;
const BOUND_MS = 1000;
const ROUNDS = 5;
const DAY_S = 86_400;
/** What the periodic job may take of a minute. */
const TURN_MS = 40_000;

export async function run(): Promise<void> {
  const database = await startTestDatabase();
  const { admin, postgres } = database;
  const jobs = openDatabase(readDatabaseUrl(postgres.url, { readFile: () => '' }));
  try {
    const owner = await makePerson(admin, 'ann@acme.example');
    const { rows } = await admin.query<{ tenant: string; device: string }>(`
      with tenant as (insert into public.tenants (slug, name) values ('acme', 'Acme') returning id)
      insert into public.devices (tenant_id, slug, name) select id, 'pump', 'Pump' from tenant returning tenant_id as tenant, id as device`);
    const { tenant, device } = rows[0]!;
    await admin.query("insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, $3, 'owner')", [
      tenant,
      owner.sub,
      owner.email,
    ]);
    for (let day = DAYS; day >= 0; day--) {
      await admin.query(`select ingest.make_telemetry_partition(current_date - ${day})`);
      await admin.query(
        `insert into public.telemetry (tenant_id, device_id, ts, message_id, received_at, payload)
         select $1, $2, ts, 'm', ts, jsonb_build_object('temperature', 20 + 5 * sin(extract(epoch from ts)::float8 / 7200), 'ok', true)
         from generate_series(greatest(now() - interval '${DAYS} days', (current_date - ${day})::timestamptz),
           least(now(), (current_date - ${day - 1})::timestamptz - interval '1 ms'), interval '1 second') as ts`,
        [tenant, device],
      );
    }
    await admin.query(
      `insert into public.device_status (tenant_id, device_id, last_received_at, gaps, fields, unrolled)
       values ($1, $2, now(), '{1,1,1,1}', '{"temperature": [20, 0, 0]}',
         tstzmultirange(tstzrange(date_trunc('minute', now() - interval '${DAYS} days'), date_trunc('minute', now()))))`,
      [tenant, device],
    );
    await admin.query('vacuum analyze');

    const chart = async () => {
      const bucket = bucketOf(DAYS * DAY_S);
      const until = (Math.floor(Date.now() / 1000 / bucket) + 1) * bucket;
      const times: number[] = [];
      let spans = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const from = performance.now();
        const found = await database.asUser(
          owner,
          'select * from public.device_chart($1, $2, to_timestamp($3), to_timestamp($4), $5)',
          [device, 'temperature', until - DAYS * DAY_S, until, (DAYS * DAY_S) / bucket],
        );
        times.push(performance.now() - from);
        spans = found.rows.length;
      }
      return { share: median(times) / BOUND_MS, spans };
    };

    const count = (await admin.query('select count(*)::int as n from public.telemetry')).rows[0].n as number;
    const unrolled = await chart();
    const log = createLogger('bench', { level: 'silent', pretty: false });
    const from = performance.now();
    let turns = 0;
    const isDue = async () => (await admin.query('select from ingest.rollup_work where due_at <= now()')).rowCount! > 0;
    do {
      const end = performance.now() + TURN_MS;
      await rollUp(jobs, log, () => end - performance.now());
      turns += 1;
    } while (await isDue());
    const seconds = (performance.now() - from) / 1000;
    const rolled = await chart();
    console.log(`${count} readings of ${DAYS} days rolled up in ${seconds.toFixed(1)} s, ${turns} turns`);
    console.log(`chart of ${rolled.spans} spans, rolled up: ${rolled.share.toFixed(3)} of its bound`);
    console.log(`chart of ${unrolled.spans} spans, from the readings alone: ${unrolled.share.toFixed(2)} of it`);
    if (rolled.share > 1 || rolled.spans !== unrolled.spans) process.exitCode = 1;
  } finally {
    await jobs.close();
    await database.stop();
  }
}
